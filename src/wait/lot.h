/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parking lot: FIFO wait queues keyed by address, as in WebKit; the one
 * blocking primitive under every lock of this process.
 *
 * Keys are addresses; nothing is stored at them and they may become invalid
 * as soon as no waiter is queued.  Callbacks run with the queue of that key
 * locked: they must be short, must not park, must not call the lot.
 *
 * Context of all functions: fiber or native thread, also before the runtime
 * has booted; never a scheduler stack (except the wake functions); no lock of
 * the runtime held.  Not async-signal-safe.
 */
#ifndef ZAG_WAIT_LOT_H
#define ZAG_WAIT_LOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "wait/wait.h"

struct zag_lot_ops {
	/* Under the lock, before queueing: false means do not sleep. */
	bool (*validate)(void *arg);
	/* After queueing, no lock held, before sleeping (may itself call the
	 * lot, but not park): unlock the mutex of a condition variable. */
	void (*before_sleep)(void *arg);
	/* Under the lock, when a signal has ended the wait and before its
	 * handlers run: it is in the queue no more; `was`: it was until now,
	 * and not passed over by a waker. */
	void (*interrupted)(void *arg, bool was);
	/* A cancellation ends the wait, -ZAG_ECANCEL; one that makes calls
	 * fail ends one such wait only. */
	bool point;
};

/*
 * Queue on key and sleep.  0: woken by zag_lot_unpark, or without a reason;
 * -EAGAIN: validate said no; -ETIMEDOUT; -EINTR.  Either callback may be NULL.
 * No cancellation ends a wait in the lot unless it is asked for.
 */
int zag_lot_park(const void *key, const struct zag_lot_ops *ops, void *arg,
		 zag_time deadline);

/*
 * Wake up to n waiters of key, first come first served; returns how many.
 * after(arg, woken, more) runs under the lock, also when nobody waits: `more`
 * says whether waiters remain queued.  May be NULL.
 */
int zag_lot_unpark(const void *key, int n,
		   void (*after)(void *arg, int woken, bool more), void *arg);

/*
 * As futex(2) FUTEX_WAIT / FUTEX_WAKE on a word in this process; 0 also for no
 * reason.  -EINTR is after a handler without SA_RESTART, or any if there is a
 * deadline.
 */
int zag_lot_wait(const _Atomic uint32_t *word, uint32_t expected,
		 zag_time deadline);
int zag_lot_wake(const void *word, int n);

/* The same at a cancellation point: also -ZAG_ECANCEL. */
int zag_lot_wait_point(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline);

/* futex(2) with FUTEX_WAIT_BITSET and FUTEX_WAKE_BITSET.  0: it was woken;
 * -ERESTART: it was not, but was disturbed, and is to begin again. */
int zag_lot_wait_bits(const _Atomic uint32_t *word, uint32_t expected,
		      uint32_t bits, zag_time deadline);
int zag_lot_wake_bits(const void *word, int n, uint32_t bits);

/*
 * futex(2) with FUTEX_CMP_REQUEUE, or FUTEX_REQUEUE where `expected` is NULL:
 * wake up to `wake` waiters of `from`, let up to `move` of the others wait on
 * `to`.  0, or -EAGAIN: the word is not as expected, nothing was done.
 */
struct zag_requeued {
	int woken, moved;
};

int zag_lot_requeue(const _Atomic uint32_t *from, const void *to, int wake,
		    int move, const uint32_t *expected,
		    struct zag_requeued *done);

/* Uninterruptible forms: mutexes, whose wait no signal may end. */
int zag_lot_wait_locked(const _Atomic uint32_t *word, uint32_t expected,
			zag_time deadline);

/* In a forked child: nobody waits. */
void zag_lot_reset(void);

/* A lock of one word over the lot, for code that may park while holding it.
 * Zero-initialised is unlocked. */
struct zag_mutex {
	_Atomic uint32_t word; /* 0 free, 1 locked, 2 locked with waiters */
};

void zag_mutex_lock_slow(struct zag_mutex *m);
void zag_mutex_unlock_slow(struct zag_mutex *m);

static inline void zag_mutex_lock(struct zag_mutex *m)
{
	uint32_t free = 0;

	zag_lock_begin(); /* no handler of the program's, no asynchronous
			   * cancellation, runs while it is held */
	if (!atomic_compare_exchange_strong_explicit(&m->word, &free, 1,
						     memory_order_acquire,
						     memory_order_relaxed))
		zag_mutex_lock_slow(m);
}

static inline void zag_mutex_unlock(struct zag_mutex *m)
{
	if (atomic_exchange_explicit(&m->word, 0, memory_order_release) == 2)
		zag_mutex_unlock_slow(m);
	zag_lock_end();
}

#endif
