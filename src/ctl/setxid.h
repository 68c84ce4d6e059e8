/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials are the kernel thread's; POSIX wants them to be the process's.
 *
 * libc's setuid and kin change the threads that libc has made, by signal 33.
 * It knows nothing of our carriers and helpers: they are told here, by the
 * same signal.  Its handler looks for libc's own mark in the TCB of the thread
 * it runs on, which on main's kernel thread may be any fiber's: ours stands
 * before it and gives it main's.
 */
#ifndef ZAG_CTL_SETXID_H
#define ZAG_CTL_SETXID_H

#include <stdbool.h>

/*
 * The calling thread is about to change credentials by libc's function, and
 * nobody else does before zag_setxid_end.  False: there is no runtime, that
 * function is all it takes.
 * Context: fiber or native thread; no lock of the runtime held.
 */
bool zag_setxid_begin(void);
void zag_setxid_end(void);

/*
 * It has succeeded: make system call nr on every carrier and helper.  One that
 * fails where the caller did not ends the process, as libc does it.
 * Context: between the two.
 */
void zag_setxid_spread(long nr, long a, long b, long c);

/* In a forked child: nobody is at it. */
void zag_setxid_reset(void);

#endif
