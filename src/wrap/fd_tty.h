/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Terminals and job control: the kernel looks at the signal mask of the thread
 * that makes a call, which is a carrier's and not the fiber's.
 */
#ifndef ZAG_WRAP_FD_TTY_H
#define ZAG_WRAP_FD_TTY_H

#include "wrap/libc.h"

#include "wait/blocking.h"

/* Whether fd is our controlling terminal, and others are in its foreground. */
bool zag_tty_in_background(int fd);

/* A call on a terminal, made where we are: with SIGTTIN and SIGTTOU open in the
 * kernel unless the fiber blocks them.  As zag_standing_call.  Fiber. */
long zag_tty_call(const struct zag_syscall *call, bool restarts);

/* Before a call that changes a terminal: 0; a process in the background is
 * stopped, or gets -EINTR, -EIO or whatever else it would from that. */
long zag_tty_may_change(int fd);

#endif
