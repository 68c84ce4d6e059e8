/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal masks of fibers, as the program sees them.
 *
 * The kernel's mask of a carrier never changes; a fiber's is a word in struct
 * zag_fiber.  Which signals every fiber blocks must be known, since those have
 * to stay pending in the kernel; so each distinct mask is counted.
 */
#ifndef ZAG_FIBER_SIGMASK_H
#define ZAG_FIBER_SIGMASK_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/atomic.h"
#include "fiber/fiber.h"

/* Signals pending for the process, taken from the kernel, not yet by a fiber;
 * written by the signal floor. */
extern ZAG_HIDDEN _Atomic uint64_t zag_sigmask_shared;

/*
 * What f is to take: pending, and not blocked or waited for.  Of what is
 * pending for the process, only if it is the one who has been chosen for that,
 * or has opened it itself: others might be quicker than who is told.
 */
static inline uint64_t zag_sigmask_takes(const struct zag_fiber *f)
{
	uint64_t bits = zag_load_acq(&f->sigpending);

	if (zag_unlikely(zag_load_acq(&f->sigchosen)))
		bits |= zag_load_acq(&zag_sigmask_shared);
	return bits &
	       (~zag_load_rlx(&f->sigmask) | zag_load_rlx(&f->sigaccepts));
}

/* f, the caller or a new one, has opened some: it may be for it that those
 * pending for the process wait. */
static inline void zag_sigmask_opened(struct zag_fiber *f, uint64_t bits)
{
	if (zag_unlikely(zag_load_acq(&zag_sigmask_shared) & bits))
		zag_store_rel(&f->sigchosen, true);
}

/* The fiber f comes to life with this mask, or ends.  Any thread. */
void zag_sigmask_hold(struct zag_fiber *f, uint64_t mask);
void zag_sigmask_release(struct zag_fiber *f);

/* Give f another mask.  f itself, or anyone while f is not running. */
void zag_sigmask_change(struct zag_fiber *f, uint64_t mask);

/* Signals that every fiber blocks.  Any thread. */
uint64_t zag_sigmask_blocked_by_all(void);

/* Called after that set has changed; no lock held.  Set by the signal floor. */
extern void (*zag_sigmask_on_change)(void);

/* In a forked child: there are no fibers. */
void zag_sigmask_reset(void);

#endif
