/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirect: libc's own callers reach the interposers.
 *
 * fgets on a socket, getaddrinfo, system, syslog call libc's read, poll, wait4
 * directly, past any symbol.  So a jump to the interposer is written over the
 * entry of each function that calls.def says so of (ZAG_JUMP), and of those by
 * which libc's own locks wait and wake.  Nothing behind the jump is ever
 * called: what an interposer passes on to libc's function of that name is made
 * a system call from then on (real.c).
 */
#ifndef ZAG_WRAP_REDIRECT_H
#define ZAG_WRAP_REDIRECT_H

#include <stdbool.h>

/* Write the jumps, all of them or none; the first call decides.  NULL, or why
 * there are none: handoff covers for them.  Boot, before any kernel thread is
 * made; the calling thread must be the only one. */
const char *zag_redirect(void);

/* Whether they are there. */
extern bool zag_redirected;

#endif
