/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_barrier_*: pthread_barrier_init is libc's, which fills in the count
 * and zeroes the rest; process-shared barriers are libc's altogether.
 */

#include "config.h"

#include <pthread.h>

#include "fiber/why.h"
#include "sched/sched.h"
#include "wrap/sync_common.h"

ZAG_DECLARE_REAL(pthread_barrier_wait);
ZAG_DECLARE_REAL(pthread_barrier_destroy);

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

ZAG_EXPORT int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;
	uint32_t count = b->count, ahead;
	uint64_t old;
	bool last;

	if (zag_unlikely(b->shared))
		return ZAG_SYNC_REAL(pthread_barrier_wait, barrier);
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
		return ZAG_SYNC_REAL(pthread_barrier_destroy, barrier);
	if ((uint32_t)state != 0)
		return EBUSY;
	while (zag_load_acq(&b->left) != round_of(state) * b->count)
		zag_yield();
	return 0;
}
