/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_rwlock_*: one word of state in libc's memory, two queues in the lot.
 *
 * Init and destroy are libc's, which zero all but __flags (the preference)
 * and __shared: then it is wrap/sync_rwlock_shared.c's.  All that decides
 * whom to wake is in the word, so that an unlock needs nothing of the lock
 * once it has released it: the lock may be freed by then.
 */

#include "config.h"

#include "wrap/libc.h"

#include "wrap/sync_rwlock.h"

#include <stddef.h>

#include "fiber/why.h"
#include "wrap/sync_common.h"

/* From the low end: readers inside, readers waiting, writers waiting; the top
 * bit is a writer inside. */
#define FIELD_BITS 21
#define READER UINT64_C(1)
#define READER_WAITS (UINT64_C(1) << FIELD_BITS)
#define WRITER_WAITS (UINT64_C(1) << 2 * FIELD_BITS)
#define WRITER (UINT64_C(1) << 63)
#define READERS (READER_WAITS - READER)
#define READERS_WAIT (WRITER_WAITS - READER_WAITS)
#define WRITERS_WAIT (WRITER - WRITER_WAITS)

ZAG_DECLARE_REAL(pthread_rwlock_tryrdlock);

_Static_assert(offsetof(pthread_rwlock_t, __data.__readers) % 8 == 0 &&
		       offsetof(pthread_rwlock_t, __data.__writers) ==
			       offsetof(pthread_rwlock_t, __data.__readers) + 4,
	       "no room for the state");

static inline _Atomic uint64_t *state_of(pthread_rwlock_t *l)
{
	return (_Atomic uint64_t *)&l->__data.__readers;
}

static inline bool is_shared(const pthread_rwlock_t *l)
{
	return l->__data.__shared;
}

/* libc's PREFER_WRITER_NP is its PREFER_READER_NP: readers may recurse. */
static inline bool prefers_writers(const pthread_rwlock_t *l)
{
	return l->__data.__flags ==
	       PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

/* What a reader and what a writer want. */
struct side {
	uint64_t waits; /* one of them waiting */
	uint64_t takes; /* one of them inside */
	uint64_t barred_by;
	uint64_t barred_if_writers_first;
};

static const struct side read_side = { READER_WAITS, READER, WRITER,
				       WRITERS_WAIT };
static const struct side write_side = { WRITER_WAITS, WRITER, WRITER | READERS,
					0 };

static inline bool is_open(const pthread_rwlock_t *l, const struct side *side,
			   uint64_t s)
{
	if (s & side->barred_by)
		return false;
	return !(s & side->barred_if_writers_first) || !prefers_writers(l);
}

static inline bool is_full(const struct side *side, uint64_t s)
{
	return side->takes == READER && (s & READERS) == READERS;
}

/* Where the two sides queue: addresses only. */
static inline const void *queue_of(pthread_rwlock_t *l, const struct side *side)
{
	return side->takes == READER ? &l->__data.__wrphase_futex
				     : &l->__data.__writers_futex;
}

/* Enter; `was` is taken back from the state with it.  False: not now. */
static inline bool enter(pthread_rwlock_t *l, const struct side *side,
			 uint64_t was)
{
	uint64_t s = zag_load_rlx(state_of(l));

	while (is_open(l, side, s) && !is_full(side, s))
		if (zag_cas(state_of(l), &s, s - was + side->takes)) {
			if (side->takes == WRITER)
				l->__data.__cur_writer = (int)zag_sync_tid();
			return true;
		}
	return false;
}

/* Who may have to be woken, known before the lock is released. */
struct heirs {
	const void *readers, *writers;
	bool writers_first;
};

static inline struct heirs heirs_of(pthread_rwlock_t *l)
{
	return (struct heirs){ queue_of(l, &read_side),
			       queue_of(l, &write_side), prefers_writers(l) };
}

/*
 * Wake those whom state s lets in.  Somebody counted as waiting may be awake
 * already, or about to give up: with no reader asleep a writer is woken too.
 */
static void pass_on(const struct heirs *h, uint64_t s)
{
	bool writers = s & WRITERS_WAIT, readers = s & READERS_WAIT;

	if (s & WRITER)
		return;
	if (readers && !(writers && h->writers_first) &&
	    zag_lot_unpark(h->readers, INT_MAX, NULL, NULL) > 0)
		return;
	if (writers && !(s & READERS))
		zag_lot_unpark(h->writers, 1, NULL, NULL);
}

struct rw_wait {
	pthread_rwlock_t *lock;
	const struct side *side;
};

static bool still_barred(void *arg)
{
	struct rw_wait *w = arg;

	return !is_open(w->lock, w->side, zag_load_acq(state_of(w->lock)));
}

static const struct zag_lot_ops wait_ops = { .validate = still_barred };

ZAG_NOINLINE static int wait_for(pthread_rwlock_t *l, const struct side *side,
				 zag_time deadline)
{
	struct rw_wait w = { l, side };
	struct heirs heirs = heirs_of(l);
	uint64_t s;

	zag_add(state_of(l), side->waits);
	while (!enter(l, side, side->waits)) {
		zag_why_set(side->takes == READER ? &zag_why_read_lock
						  : &zag_why_write_lock,
			    (uintptr_t)l);
		if (zag_lot_park(queue_of(l, side), &wait_ops, &w, deadline) !=
		    -ETIMEDOUT)
			continue;
		/* Perhaps only this writer kept readers out. */
		s = zag_sub(state_of(l), side->waits) - side->waits;
		pass_on(&heirs, s);
		return ETIMEDOUT;
	}
	return 0;
}

static inline int lock_side(pthread_rwlock_t *l, const struct side *side,
			    const struct zag_sync_until *until)
{
	if (until && !zag_sync_until_valid(until))
		return EINVAL;
	if (zag_likely(enter(l, side, 0)))
		return 0;
	if ((uint32_t)l->__data.__cur_writer == zag_sync_tid())
		return EDEADLK;
	if (is_full(side, zag_load_rlx(state_of(l))))
		return EAGAIN;
	return wait_for(l, side, zag_sync_deadline(until));
}

ZAG_EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_read_shared(l, NULL);
	return lock_side(l, &read_side, NULL);
}

ZAG_ALIAS(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);

ZAG_EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_write_shared(l, NULL);
	return lock_side(l, &write_side, NULL);
}

ZAG_ALIAS(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);

ZAG_EXPORT int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock,
					  const struct timespec *abs)
{
	struct zag_sync_until until = { clock, abs };

	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_read_shared(l, &until);
	return lock_side(l, &read_side, &until);
}

ZAG_EXPORT int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock,
					  const struct timespec *abs)
{
	struct zag_sync_until until = { clock, abs };

	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_write_shared(l, &until);
	return lock_side(l, &write_side, &until);
}

ZAG_EXPORT int pthread_rwlock_timedrdlock(pthread_rwlock_t *l,
					  const struct timespec *abs)
{
	return pthread_rwlock_clockrdlock(l, CLOCK_REALTIME, abs);
}

ZAG_EXPORT int pthread_rwlock_timedwrlock(pthread_rwlock_t *l,
					  const struct timespec *abs)
{
	return pthread_rwlock_clockwrlock(l, CLOCK_REALTIME, abs);
}

ZAG_EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	if (zag_unlikely(is_shared(l)))
		return ZAG_SYNC_REAL(pthread_rwlock_tryrdlock, l);
	if (enter(l, &read_side, 0))
		return 0;
	return is_full(&read_side, zag_load_rlx(state_of(l))) ? EAGAIN : EBUSY;
}

ZAG_ALIAS(__pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock);

ZAG_EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_trywrite_shared(l);
	return enter(l, &write_side, 0) ? 0 : EBUSY;
}

ZAG_ALIAS(__pthread_rwlock_trywrlock, pthread_rwlock_trywrlock);

static int unlock_private(pthread_rwlock_t *l)
{
	struct heirs heirs = heirs_of(l);
	uint64_t s = zag_load_rlx(state_of(l)), leaves = READER;

	if (s & WRITER) {
		l->__data.__cur_writer = 0;
		leaves = WRITER;
	}
	s = zag_sub(state_of(l), leaves) - leaves;
	if (zag_unlikely(s & (READERS_WAIT | WRITERS_WAIT)) && !(s & READERS))
		pass_on(&heirs, s);
	return 0;
}

ZAG_EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (zag_unlikely(is_shared(l)))
		return zag_sync_rwlock_unlock_shared(l);
	return unlock_private(l);
}

ZAG_ALIAS(__pthread_rwlock_unlock, pthread_rwlock_unlock);
