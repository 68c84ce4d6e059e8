/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for process-shared read-write locks, by libc's rules: other processes
 * may follow them.  What does not wait is libc's own.
 *
 * In short: the lock is in a phase, of readers or of writers, and there is a
 * primary writer or not.  A writer becomes the primary one, then starts a phase
 * of writers, or waits for the last reader to start it.  A reader counts itself
 * in, and if the phase is of writers waits for the one who ends that; whoever
 * changes the phase changes wrphase_futex (0 readers, 1 writers) right after.
 * Writers who wait to be the primary one do so at writers_futex, which is 1 as
 * long as there is one.  A word with USED in it has sleepers.
 */

#include "config.h"

#include "wrap/sync_rwlock.h"

#include "fiber/robust.h"
#include "fiber/why.h"
#include "sched/sched.h"

ZAG_DECLARE_REAL(pthread_rwlock_tryrdlock);
ZAG_DECLARE_REAL(pthread_rwlock_trywrlock);
ZAG_DECLARE_REAL(pthread_rwlock_unlock);

/* In __readers. */
#define WRITE_PHASE 1u
#define PRIMARY 2u
#define HELD_BACK 4u /* readers wait here, and have not counted themselves */
#define READER 8u
#define TOO_MANY (1u << 31)

/* In __writers, beside how many wait: one of them is the primary one now. */
#define HANDOVER (1u << 31)

#define USED 2u

#define WORD(l, field) ((_Atomic uint32_t *)&(l)->__data.field)
#define STATE(l) WORD(l, __readers)
#define WRITERS(l) WORD(l, __writers)
#define PHASE(l) WORD(l, __wrphase_futex)
#define QUEUE(l) WORD(l, __writers_futex)

/* libc does not use this, nor the word after it: which fiber of which process
 * the writer is, if it is one. */
static _Atomic uint64_t *global_writer(pthread_rwlock_t *l)
{
	_Static_assert(offsetof(pthread_rwlock_t, __data.__pad3) % 8 == 0 &&
			       offsetof(pthread_rwlock_t, __data.__pad4) ==
				       offsetof(pthread_rwlock_t,
						__data.__pad3) + 4,
		       "no room for the writer");
	return (_Atomic uint64_t *)&l->__data.__pad3;
}

/* libc's trywrlock has stored its own owner before we can store ours: so ours
 * does not stay behind when the lock is given up. */
static bool is_writer(pthread_rwlock_t *l)
{
	return zag_load_rlx(WORD(l, __cur_writer)) == zag_sync_tid() &&
	       (!zag_on_fiber() ||
		zag_load_rlx(global_writer(l)) == zag_sync_global_tid());
}

static int set_writer(pthread_rwlock_t *l)
{
	zag_store_rlx(global_writer(l), zag_sync_global_tid());
	zag_store_rlx(WORD(l, __cur_writer), zag_sync_tid());
	return 0;
}

static bool writers_first(const pthread_rwlock_t *l)
{
	return l->__data.__flags != PTHREAD_RWLOCK_PREFER_READER_NP;
}

static inline bool blocks(const _Atomic uint32_t *word, uint32_t value)
{
	return (zag_load_acq(word) | USED) == (value | USED);
}

/* Sleep while the word is `value`, used or not.  -EAGAIN: it is not, and has
 * not been marked; 0, also if it is not any more; -ETIMEDOUT. */
static int sleep_while(_Atomic uint32_t *word, uint32_t value, bool all,
		       zag_time deadline)
{
	uint32_t v = zag_load_acq(word);
	int r;

	if ((v | USED) != (value | USED))
		return -EAGAIN;
	if (!(v & USED) && !zag_cas(word, &v, v | USED))
		return -EAGAIN;
	r = (all ? zag_sync_wait_all : zag_sync_wait)(word, value | USED,
						      deadline, true);
	return r == -ETIMEDOUT ? r : 0;
}

/* The phase has changed, but for the word, which will in a moment. */
static int until_told(pthread_rwlock_t *l, uint32_t old)
{
	while (blocks(PHASE(l), old))
		zag_yield();
	return 0;
}

static void tell_phase(pthread_rwlock_t *l, uint32_t phase)
{
	if (zag_xchg(PHASE(l), phase) & USED)
		zag_sync_wake(PHASE(l), INT_MAX, true);
}

/*
 * Sleep until the phase is not `old` any more.  Who has told us may be about
 * to: the word counts, when the state has changed.  0 or ETIMEDOUT.
 */
static int await_phase(pthread_rwlock_t *l, uint32_t old, zag_time deadline)
{
	bool changed = false;

	for (;;) {
		while (blocks(PHASE(l), old))
			if (sleep_while(PHASE(l), old, true, deadline) ==
			    -ETIMEDOUT)
				return ETIMEDOUT;
		if (changed)
			return 0;
		changed = (zag_load_acq(STATE(l)) & WRITE_PHASE) != old;
	}
}

/* --- readers ------------------------------------------------------------- */

/* Where writers come first, do not make their wait for other readers longer. */
static int hold_back(pthread_rwlock_t *l, zag_time deadline)
{
	uint32_t r = zag_load_acq(STATE(l));

	while (!(r & WRITE_PHASE) && (r & PRIMARY) && r >= READER) {
		if (!zag_cas(STATE(l), &r, r | HELD_BACK))
			continue;
		while ((r = zag_load_acq(STATE(l))) & HELD_BACK)
			if (zag_sync_wait_all(STATE(l), r, deadline, true) ==
			    -ETIMEDOUT)
				return ETIMEDOUT;
	}
	return 0;
}

/* Nobody has the lock, and the last one was a writer. */
static bool start_read_phase(pthread_rwlock_t *l, uint32_t *r)
{
	while ((*r & (WRITE_PHASE | PRIMARY)) == WRITE_PHASE)
		if (zag_cas(STATE(l), r, *r & ~WRITE_PHASE)) {
			tell_phase(l, 0);
			return true;
		}
	return false;
}

static int stop_reading(pthread_rwlock_t *l)
{
	uint32_t r = zag_load_acq(STATE(l));

	while (r & WRITE_PHASE)
		if (zag_cas(STATE(l), &r, r - READER))
			return ETIMEDOUT;
	return until_told(l, 1); /* it is ours, after all */
}

static int read_slow(pthread_rwlock_t *l, zag_time deadline)
{
	uint32_t r;

	if (l->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP &&
	    hold_back(l, deadline))
		return ETIMEDOUT;
	r = zag_add(STATE(l), READER) + READER;
	while (r >= TOO_MANY)
		if (zag_cas(STATE(l), &r, r - READER))
			return EAGAIN;
	if (!(r & WRITE_PHASE) || start_read_phase(l, &r))
		return 0;
	return await_phase(l, 1, deadline) ? stop_reading(l) : 0;
}

/* --- writers ------------------------------------------------------------- */

/* The time is over: wait no more, unless the last writer has made one of those
 * who wait the primary one and nobody else is left. */
static int stop_queueing(pthread_rwlock_t *l)
{
	uint32_t w = zag_load_acq(WRITERS(l));

	if (!writers_first(l))
		return ETIMEDOUT;
	while (!zag_cas(WRITERS(l), &w, w == HANDOVER + 1 ? 0 : w - 1))
		;
	return w == HANDOVER + 1 ? 0 : ETIMEDOUT;
}

/* Be the primary writer if there is none, or if it is to be one of us. */
static bool take_over(pthread_rwlock_t *l)
{
	uint32_t r = zag_load_acq(STATE(l)), w;

	while (!(r & PRIMARY))
		if (zag_cas(STATE(l), &r, r | PRIMARY)) {
			if (writers_first(l))
				zag_sub(WRITERS(l), 1);
			return true;
		}
	w = zag_load_acq(WRITERS(l));
	while (writers_first(l) && (w & HANDOVER))
		if (zag_cas(WRITERS(l), &w, w - HANDOVER - 1))
			return true;
	return false;
}

/* There is a primary writer: be the next one.  *slept: others may sleep there
 * as we did, and rely on us to wake them. */
static int queue_up(pthread_rwlock_t *l, zag_time deadline, bool *slept)
{
	if (writers_first(l))
		zag_add(WRITERS(l), 1);
	while (!take_over(l)) {
		int err = sleep_while(QUEUE(l), 1, false, deadline);

		*slept |= err != -EAGAIN;
		if (err == -ETIMEDOUT)
			return stop_queueing(l);
	}
	return 0;
}

/* What writers_futex was is in *was. */
static bool hand_over(pthread_rwlock_t *l, uint32_t *was)
{
	uint32_t w = zag_load_acq(WRITERS(l));

	if (!writers_first(l) || !w)
		return false;
	*was = zag_xchg(QUEUE(l), 0);
	while (w)
		if (zag_cas(WRITERS(l), &w, w | HANDOVER))
			return true;
	zag_store_rel(QUEUE(l), *was);
	return false;
}

static bool resign(pthread_rwlock_t *l, uint32_t *was)
{
	uint32_t r = zag_load_acq(STATE(l));

	if (r & WRITE_PHASE)
		return false;
	*was = zag_xchg(QUEUE(l), 0);
	while (!(r & WRITE_PHASE))
		if (zag_cas(STATE(l), &r, r & ~(PRIMARY | HELD_BACK))) {
			if (r & HELD_BACK)
				zag_sync_wake(STATE(l), INT_MAX, true);
			return true;
		}
	zag_store_rel(QUEUE(l), *was);
	return false;
}

/* The primary writer's time is over; unless the lock is its by now. */
static int stop_writing(pthread_rwlock_t *l)
{
	uint32_t was;

	if (!hand_over(l, &was) && !resign(l, &was))
		return until_told(l, 0);
	if (was & USED)
		zag_sync_wake(QUEUE(l), 1, true);
	return ETIMEDOUT;
}

static bool start_write_phase(pthread_rwlock_t *l)
{
	uint32_t r = zag_load_acq(STATE(l));

	if (r & WRITE_PHASE)
		return true;
	while (r < READER)
		if (zag_cas(STATE(l), &r, r | WRITE_PHASE)) {
			zag_store_rel(PHASE(l), 1);
			return true;
		}
	return false;
}

static int write_slow(pthread_rwlock_t *l, zag_time deadline)
{
	bool slept = false;

	if ((zag_or(STATE(l), PRIMARY) & PRIMARY) &&
	    queue_up(l, deadline, &slept))
		return ETIMEDOUT;
	zag_store_rel(QUEUE(l), slept ? 1 | USED : 1);
	if (!start_write_phase(l) && await_phase(l, 0, deadline) &&
	    stop_writing(l))
		return ETIMEDOUT;
	return set_writer(l);
}

/* --- both ---------------------------------------------------------------- */

int zag_sync_rwlock_read_shared(pthread_rwlock_t *l,
				const struct zag_sync_until *until)
{
	int err;

	if (until && !zag_sync_until_valid(until))
		return EINVAL;
	if (is_writer(l))
		return EDEADLK;
	err = ZAG_SYNC_REAL(pthread_rwlock_tryrdlock, l);
	if (err != EBUSY)
		return err;
	zag_why_set(&zag_why_shared, (uintptr_t)l);
	return read_slow(l, zag_sync_deadline(until));
}

int zag_sync_rwlock_trywrite_shared(pthread_rwlock_t *l)
{
	int err = ZAG_SYNC_REAL(pthread_rwlock_trywrlock, l);

	return err ? err : set_writer(l);
}

int zag_sync_rwlock_write_shared(pthread_rwlock_t *l,
				 const struct zag_sync_until *until)
{
	int err;

	if (until && !zag_sync_until_valid(until))
		return EINVAL;
	if (is_writer(l))
		return EDEADLK;
	err = zag_sync_rwlock_trywrite_shared(l);
	if (err != EBUSY)
		return err;
	zag_why_set(&zag_why_shared, (uintptr_t)l);
	return write_slow(l, zag_sync_deadline(until));
}

int zag_sync_rwlock_unlock_shared(pthread_rwlock_t *l)
{
	if (is_writer(l))
		zag_store_rlx(global_writer(l), 0);
	return ZAG_SYNC_REAL(pthread_rwlock_unlock, l);
}
