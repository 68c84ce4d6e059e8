/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_barrier_*: pthread_barrier_init is libc's, which fills in the count
 * and zeroes the rest.  Process-shared barriers keep libc's rules as well.
 */

#include "config.h"

#include <pthread.h>

#include "fiber/why.h"
#include "sched/sched.h"
#include "wrap/sync_common.h"

/*
 * libc's struct pthread_barrier, of which count and shared mean the same.
 * state: the round in the upper half, in the lower one how many have come
 * that no finished round has let out.
 */
struct barrier {
	_Atomic uint64_t state;
	uint32_t count;
	int shared;
	_Atomic uint32_t left; /* how many have let go, of all rounds */
};

#define ONE_ROUND (UINT64_C(1) << 32)

_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "too big");

static inline uint32_t round_of(uint64_t state)
{
	return (uint32_t)(state >> 32);
}

static inline const _Atomic uint32_t *round_word(struct barrier *b)
{
	return (const _Atomic uint32_t *)&b->state + 1;
}

/* Wait until that round is over. */
static void wait_for(struct barrier *b, uint32_t round)
{
	uint32_t now;

	while (now = zag_load_acq(round_word(b)), (int32_t)(now - round) <= 0) {
		zag_why_set(&zag_why_barrier, (uintptr_t)b);
		zag_lot_wait(round_word(b), now, ZAG_NEVER);
	}
}

/*
 * libc's rules, for other processes may follow them: `in` counts who has come
 * and `out` who has gone, since the last reset, which whoever makes `out` the
 * bound makes; `current` is how many of those who came are free to go.  Nobody
 * waits but for a word that is woken for all.
 */
struct shared_barrier {
	_Atomic uint32_t in, current;
	uint32_t count;
	int shared;
	_Atomic uint32_t out;
};

_Static_assert(sizeof(struct shared_barrier) <= sizeof(pthread_barrier_t),
	       "too big");

/* How many may come before a reset: whole rounds of count. */
static inline uint32_t bound_of(uint32_t count)
{
	const uint32_t most = UINT_MAX / 2;

	return most - most % count;
}

static void sleep_on(struct shared_barrier *b, const _Atomic uint32_t *word,
		     uint32_t value)
{
	zag_why_set(&zag_why_shared, (uintptr_t)b);
	zag_sync_wait_all(word, value, ZAG_NEVER, true);
}

/* Which one we are; those beyond the bound come again after the reset. */
static uint32_t come(struct shared_barrier *b, uint32_t bound)
{
	uint32_t i = zag_add(&b->in, 1) + 1;

	while (i > bound) {
		while ((i = zag_load_acq(&b->in)) > bound)
			sleep_on(b, &b->in, i);
		i = zag_add(&b->in, 1) + 1;
	}
	return i;
}

/* Free all rounds that are full up to number i; what is free then. */
static uint32_t free_rounds(struct shared_barrier *b, uint32_t i,
			    uint32_t count)
{
	uint32_t now = zag_load_acq(&b->current), end = i - i % count;

	while (now + count <= i)
		if (zag_cas(&b->current, &now, end)) {
			zag_sync_wake(&b->current, INT_MAX, true);
			return end;
		}
	return now;
}

/* Once we have gone, the barrier may be, too; unless we are to reset it. */
static void go(struct shared_barrier *b, uint32_t bound)
{
	if (zag_add(&b->out, 1) + 1 != bound)
		return;
	zag_store_rlx(&b->current, 0);
	zag_store_rlx(&b->out, 0);
	zag_store_rel(&b->in, 0);
	zag_sync_wake(&b->in, INT_MAX, true);
}

static int wait_shared(struct shared_barrier *b)
{
	uint32_t count = b->count, bound = bound_of(count);
	uint32_t i = come(b, bound), now = free_rounds(b, i, count);

	while (i > now) {
		sleep_on(b, &b->current, now);
		now = zag_load_acq(&b->current);
	}
	go(b, bound);
	return i % count ? 0 : PTHREAD_BARRIER_SERIAL_THREAD;
}

/* Make the bound be reached when all have gone; the last one resets it. */
static int destroy_shared(struct shared_barrier *b)
{
	uint32_t in = zag_load_acq(&b->in);

	if (zag_add(&b->out, bound_of(b->count) - in) < in)
		while ((in = zag_load_acq(&b->in)))
			sleep_on(b, &b->in, in);
	return 0;
}

ZAG_EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;
	uint32_t count = b->count, ahead;
	uint64_t old;
	bool last;

	if (zag_unlikely(b->shared))
		return wait_shared((struct shared_barrier *)barrier);
	old = zag_add(&b->state, 1);
	/* More than count may have come before the round's last one has let
	 * the others out: then this is a later round already. */
	ahead = (uint32_t)old;
	last = ahead % count == count - 1;
	if (last) {
		zag_add(&b->state, ONE_ROUND - count);
		zag_lot_wake(round_word(b), INT_MAX);
	} else {
		wait_for(b, round_of(old) + ahead / count);
	}
	zag_add(&b->left, 1);
	return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

/* Whoever has been let out may still be about to look at the barrier. */
ZAG_EXPORT int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;
	uint64_t state = zag_load_acq(&b->state);

	if (zag_unlikely(b->shared))
		return destroy_shared((struct shared_barrier *)barrier);
	if ((uint32_t)state != 0)
		return EBUSY;
	while (zag_load_acq(&b->left) != round_of(state) * b->count)
		zag_yield();
	return 0;
}
