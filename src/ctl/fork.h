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

#include <stdbool.h>
#include <stdint.h>

/* libc's __register_atfork, which pthread_atfork calls. */
typedef int zag_atfork_fn(void (*prepare)(void), void (*parent)(void),
			  void (*child)(void), void *dso);

/* Be called in every child from now on.  Handlers run there in the order of
 * their registration: ours must be the first, so this is called by whoever
 * registers one.  Again is harmless. */
void zag_fork_watch(zag_atfork_fn *register_atfork);

/* What is called there.  By those, too, that make a child without libc's fork,
 * first thing in it; async-signal. */
void zag_fork_in_child(void);

/*
 * In a child the runtime is as it was at the fork, until its handler has run:
 * locks may be held by threads that are gone.  What libc calls before that
 * must ask: zag_fork_settled() is false there.  It takes a page that the
 * kernel clears in children; zag_fork_mark makes it, at boot.  False: it cannot.
 */
bool zag_fork_mark(void);
extern uint32_t *zag_fork_page;

static inline bool zag_fork_settled(void)
{
	return *zag_fork_page != 0;
}

/* What else a floor above must do in the child; set by init.c. */
extern void (*zag_fork_on_child)(void);

#endif
