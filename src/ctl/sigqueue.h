/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals that are pending: for one fiber, or for the process.
 *
 * As in the kernel, one of a standard signal is pending at most, of a real-time
 * signal as many as were sent, but one of each timer.  The lowest number is
 * taken first, a fiber's own before the process's.
 */
#ifndef ZAG_CTL_SIGQUEUE_H
#define ZAG_CTL_SIGQUEUE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "fiber/fiber.h"

/*
 * Add a signal for f, NULL: for the process.  False: no memory.
 * Context: any thread or fiber; no signal lock held.
 */
bool zag_sigqueue_add(struct zag_fiber *f, const siginfo_t *si);

/* Take one of f's or of the process's that is in `set`.  False: none is. */
bool zag_sigqueue_take(struct zag_fiber *f, uint64_t set, siginfo_t *si);

bool zag_sigqueue_take_shared(uint64_t set, siginfo_t *si); /* the latter */

/* A timer's is taken.  A hook of the floor above; no lock is held. */
extern void (*zag_sigqueue_on_timer)(const siginfo_t *si);

/* Forget all of f's; it has ended. */
void zag_sigqueue_clear(struct zag_fiber *f);

/* Forget all that are in `set`, whoever they are for. */
void zag_sigqueue_discard(uint64_t set);

/* Call fn for the fibers that have signals of their own; the lock is held. */
void zag_sigqueue_each(void (*fn)(struct zag_fiber *f, void *arg), void *arg);

/* In a forked child, whose fiber is self or NULL: nothing is pending there. */
void zag_sigqueue_reset(struct zag_fiber *self);

#endif
