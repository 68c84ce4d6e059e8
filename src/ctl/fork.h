/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork(2) from a fiber.
 *
 * The child has one kernel thread and one fiber, the caller.  There the
 * runtime is taken down to what it was before it booted: the caller goes on
 * natively, on its fiber's stack and TCB, and the next pthread_create boots a
 * new runtime with the caller as its main fiber.
 */
#ifndef ZAG_CTL_FORK_H
#define ZAG_CTL_FORK_H

/* Be called in every child from now on.  At boot. */
void zag_fork_watch(void);

/* What else a floor above must do in the child; set by init.c. */
extern void (*zag_fork_on_child)(void);

#endif
