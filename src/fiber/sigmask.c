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
 * Programs have few masks at a time.  One that has more than there is room for
 * shares the last place, which counts as blocking nothing: then signals may be
 * taken from the kernel that nobody wants yet, and wait in the runtime instead.
 */
enum { PLACES = 64, SHARED = PLACES - 1 };

static struct {
	struct zag_lock lock; /* protects what has no user; a leaf */
	_Atomic uint32_t used;
	struct {
		_Atomic uint64_t mask; /* fixed while count is not 0 */
		_Atomic uint32_t count;
	} place[PLACES];
	_Atomic uint64_t blocked_by_all;
} masks;

_Atomic uint64_t zag_sigmask_shared;
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
			all &= zag_load_acq(&masks.place[i].mask);
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

/* One more user of a place that has some; then its mask stays. */
static bool join(uint32_t i)
{
	uint32_t n = zag_load_acq(&masks.place[i].count);

	while (n)
		if (zag_cas(&masks.place[i].count, &n, n + 1))
			return true;
	return false;
}

static void leave(uint32_t i)
{
	if (zag_sub(&masks.place[i].count, 1) == 1)
		recompute();
}

/* The place of a mask that others have, too; PLACES: there is none. */
static uint32_t join_others(uint64_t mask)
{
	uint32_t n = zag_load_acq(&masks.used);

	for (uint32_t i = 0; i < n; i++) {
		if (zag_load_acq(&masks.place[i].mask) != mask || !join(i))
			continue;
		if (zag_load_acq(&masks.place[i].mask) == mask)
			return i;
		leave(i); /* it had been given away meanwhile */
	}
	return PLACES;
}

/* The lock is held: a place with this mask, else one without users. */
static uint32_t place_for(uint64_t mask)
{
	uint32_t n = zag_load_rlx(&masks.used), i, unused = n;

	for (i = 0; i < n; i++) {
		if (zag_load_rlx(&masks.place[i].mask) == mask)
			return i;
		if (!zag_load_acq(&masks.place[i].count))
			unused = i;
	}
	return unused;
}

static uint32_t join_new(uint64_t mask)
{
	uint32_t i;
	bool first;

	zag_lock(&masks.lock);
	i = place_for(mask);
	if (i < SHARED) {
		zag_store_rel(&masks.place[i].mask, mask);
		if (i == zag_load_rlx(&masks.used))
			zag_store_rel(&masks.used, i + 1);
	}
	first = zag_add(&masks.place[i].count, 1) == 0;
	zag_unlock(&masks.lock);
	if (first)
		recompute();
	return i;
}

void zag_sigmask_hold(struct zag_fiber *f, uint64_t mask)
{
	uint32_t i = join_others(mask);

	if (i == PLACES)
		i = join_new(mask);
	f->mask_place = (uint8_t)i;
	zag_store_rel(&f->sigmask, mask);
}

void zag_sigmask_release(struct zag_fiber *f)
{
	leave(f->mask_place);
}

void zag_sigmask_change(struct zag_fiber *f, uint64_t mask)
{
	uint32_t old = f->mask_place;

	if (mask == zag_load_rlx(&f->sigmask))
		return;
	zag_lock_begin(); /* a handler in between would find half of it */
	zag_sigmask_hold(f, mask);
	leave(old);
	zag_fence_after_rmw(); /* pairs with the one in zag_signal_send */
	zag_lock_end();
}

void zag_sigmask_reset(void)
{
	memset(&masks, 0, sizeof(masks));
	zag_store_rlx(&zag_sigmask_shared, 0);
}
