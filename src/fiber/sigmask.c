/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting the distinct signal masks of fibers. */
#include "config.h"

#include "fiber/sigmask.h"

#include <stddef.h>
#include <string.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "fiber/fiber.h"

/*
 * Programs have few masks.  One that has more than there is room for shares
 * the last place, which counts as blocking nothing: then signals may be taken
 * from the kernel that nobody wants yet, and wait in the runtime instead.
 */
enum { PLACES = 64, SHARED = PLACES - 1 };

static struct {
	struct zag_lock lock; /* protects used, and 0 -> 1 of a count; a leaf */
	_Atomic uint32_t used;
	struct {
		uint64_t mask;
		_Atomic uint32_t count;
	} place[PLACES];
	_Atomic uint64_t blocked_by_all;
} masks;

void (*zag_sigmask_on_change)(void);

uint64_t zag_sigmask_blocked_by_all(void)
{
	return zag_load_acq(&masks.blocked_by_all);
}

static uint64_t intersection(void)
{
	uint64_t all = UINT64_MAX;

	for (uint32_t i = 0; i < zag_load_acq(&masks.used); i++)
		if (zag_load_acq(&masks.place[i].count))
			all &= masks.place[i].mask;
	return zag_load_acq(&masks.place[SHARED].count) ? 0 : all;
}

static void recompute(void)
{
	uint64_t old;

	zag_lock(&masks.lock);
	old = zag_xchg(&masks.blocked_by_all, intersection());
	zag_unlock(&masks.lock);
	if (old != zag_sigmask_blocked_by_all() && zag_sigmask_on_change)
		zag_sigmask_on_change();
}

static uint32_t find(uint64_t mask)
{
	uint32_t n = zag_load_acq(&masks.used), i;

	for (i = 0; i < n; i++)
		if (masks.place[i].mask == mask)
			return i;
	return PLACES;
}

/* A place for a new mask: unused, or nobody's any more. */
static uint32_t claim(uint64_t mask)
{
	uint32_t i;

	zag_lock(&masks.lock);
	i = find(mask);
	if (i == PLACES) {
		i = zag_load_rlx(&masks.used);
		if (i < SHARED) {
			masks.place[i].mask = mask;
			zag_store_rel(&masks.used, i + 1);
		} else {
			i = SHARED;
		}
	}
	zag_unlock(&masks.lock);
	return i;
}

static void take(struct zag_fiber *f, uint64_t mask)
{
	uint32_t i = find(mask);

	if (zag_unlikely(i == PLACES))
		i = claim(mask);
	f->mask_place = (uint8_t)i;
	zag_store_rel(&f->sigmask, mask);
	if (zag_add(&masks.place[i].count, 1) == 0)
		recompute();
}

void zag_sigmask_hold(struct zag_fiber *f, uint64_t mask)
{
	take(f, mask);
}

static void drop(uint32_t place)
{
	if (zag_sub(&masks.place[place].count, 1) == 1)
		recompute();
}

void zag_sigmask_release(struct zag_fiber *f)
{
	drop(f->mask_place);
}

void zag_sigmask_change(struct zag_fiber *f, uint64_t mask)
{
	uint32_t old = f->mask_place;

	if (mask == zag_load_rlx(&f->sigmask))
		return;
	take(f, mask);
	zag_fence_after_rmw(); /* pairs with the one in zag_signal_send */
	drop(old);
}

void zag_sigmask_reset(void)
{
	memset(&masks, 0, sizeof(masks));
}
