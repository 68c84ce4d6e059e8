/* SPDX-License-Identifier: BSD-2-Clause */
/* The parking lot: hashed FIFO queues of waiters. */
#include "config.h"

#include "wait/lot.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/lock.h"
#include "base/queue.h"
#include "fiber/tcb_cancel.h"
#include "fiber/why.h"

enum { BUCKET_BITS = 13, BUCKETS = 1 << BUCKET_BITS };

struct waiter {
	struct zag_wait wait;
	_Atomic(const void *) key; /* changed under the locks of both queues */
	uint32_t bits;
	bool queued; /* the bucket's lock protects it, and the link */
	TAILQ_ENTRY(waiter) link;
};

static struct bucket {
	/* Protects the queue; taken before run queue locks.  The waiter of a
	 * wait that was claimed by another source takes it before it lets its
	 * record go. */
	ZAG_ALIGNED(ZAG_CACHE_LINE) struct zag_lock lock;
	TAILQ_HEAD(, waiter) queue;
} buckets[BUCKETS];

static struct bucket *bucket_of(const void *key)
{
	uint64_t h = ((uintptr_t)key >> 2) * UINT64_C(0x9e3779b97f4a7c15);

	return &buckets[h >> (64 - BUCKET_BITS)];
}

static void append(struct bucket *b, struct waiter *w)
{
	w->queued = true;
	ZAG_TAILQ_APPEND(&b->queue, w, link);
}

static void unlink_waiter(struct bucket *b, struct waiter *w)
{
	w->queued = false;
	TAILQ_REMOVE(&b->queue, w, link);
}

/* What may end a wait besides the waker and time. */
enum hears { NOTHING, SIGNALS, SIGNALS_AND_CANCEL, CONDITION };

/*
 * Calls that fail do so again and again until the program gives up; a condition
 * cannot fail, it wakes for no reason.  Once is enough: most programs look at
 * what they wait for, and wait again.
 */
static enum zag_firm firm_for(enum hears hears)
{
	if (hears == CONDITION)
		return zag_tcb_cancel_bits() & ZAG_CANCEL_TOLD ? ZAG_FIRM_COND :
								 ZAG_FIRM_NOT;
	return hears == SIGNALS_AND_CANCEL ? ZAG_FIRM_NOT : ZAG_FIRM_LOCK;
}

/* Queue w on key unless validate objects. */
static bool enter(struct waiter *w, bool (*validate)(void *), void *arg,
		  enum hears hears)
{
	struct bucket *b = bucket_of(zag_load_rlx(&w->key));
	bool go;

	zag_lock(&b->lock);
	go = !validate || validate(arg);
	if (go) {
		zag_wait_begin(&w->wait);
		w->wait.deaf = hears == NOTHING;
		w->wait.firm = firm_for(hears);
		append(b, w);
	}
	zag_unlock(&b->lock);
	return go;
}

/* There is no wait: what was said of it is not so. */
static int refused(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (f)
		zag_why_clear(f);
	return -EAGAIN;
}

/* The queue that w is in, locked: it may be moved to another meanwhile. */
static struct bucket *lock_queue_of(struct waiter *w)
{
	for (;;) {
		struct bucket *b = bucket_of(zag_load_rlx(&w->key));

		zag_lock(&b->lock);
		if (b == bucket_of(zag_load_rlx(&w->key)))
			return b;
		zag_unlock(&b->lock);
	}
}

/* Another source than the lot has ended the wait.  -ERESTART: a signal has,
 * after which the call goes on; as futex(2), not after a handler if it has a
 * deadline. */
ZAG_NOINLINE static int withdraw(struct waiter *w,
				 const struct zag_lot_ops *ops, void *arg,
				 zag_time deadline, enum zag_wake reason)
{
	struct bucket *b = lock_queue_of(w);
	bool was = w->queued;

	if (was)
		unlink_waiter(b, w);
	if (reason == ZAG_WAKE_SIGNAL && ops && ops->interrupted)
		ops->interrupted(arg, was);
	zag_unlock(&b->lock);
	if (reason != ZAG_WAKE_SIGNAL)
		return zag_wake_errno(reason);
	return zag_wait_interrupted(deadline == ZAG_NEVER) ? -EINTR : -ERESTART;
}

static int finish(struct waiter *w, const struct zag_lot_ops *ops, void *arg,
		  zag_time deadline)
{
	enum zag_wake reason = zag_wait_sleep(&w->wait, deadline);

	if (reason == ZAG_WAKE_READY) /* the waker has unlinked it */
		return zag_wake_errno(reason);
	return withdraw(w, ops, arg, deadline, reason);
}

static int for_any_reason(int r)
{
	return r == -ERESTART ? 0 : r;
}

int zag_lot_park(const void *key, const struct zag_lot_ops *ops, void *arg,
		 zag_time deadline)
{
	struct waiter w = { .key = key, .bits = UINT32_MAX };
	bool point = ops && ops->point;

	if (!enter(&w, ops ? ops->validate : NULL, arg,
		   point ? CONDITION : SIGNALS))
		return refused();
	if (ops && ops->before_sleep)
		ops->before_sleep(arg);
	return for_any_reason(finish(&w, ops, arg, deadline));
}

static struct waiter *next_match(struct waiter *w, const void *key,
				 uint32_t bits)
{
	while (w && (zag_load_rlx(&w->key) != key || !(w->bits & bits)))
		w = TAILQ_NEXT(w, link);
	return w;
}

static int unpark(const void *key, int n, uint32_t bits,
		  void (*after)(void *, int, bool), void *arg)
{
	struct bucket *b = bucket_of(key);
	struct waiter *w, *next;
	int woken = 0;

	zag_lock(&b->lock);
	w = next_match(TAILQ_FIRST(&b->queue), key, bits);
	while (w && woken < n) {
		next = TAILQ_NEXT(w, link);
		unlink_waiter(b, w);
		/* False: a timeout was first; it waits for our lock. */
		woken += zag_wait_wake(&w->wait, ZAG_WAKE_READY);
		w = next_match(next, key, bits);
	}
	if (after)
		after(arg, woken, w != NULL);
	zag_unlock(&b->lock);
	return woken;
}

int zag_lot_unpark(const void *key, int n,
		   void (*after)(void *arg, int woken, bool more), void *arg)
{
	return unpark(key, n, UINT32_MAX, after, arg);
}

void zag_lot_reset(void)
{
	memset(buckets, 0, sizeof(buckets));
}

/* --- futexes ------------------------------------------------------------ */

struct expectation {
	const _Atomic uint32_t *word;
	uint32_t value;
};

static bool as_expected(void *arg)
{
	const struct expectation *e = arg;

	return atomic_load_explicit(e->word, memory_order_acquire) == e->value;
}

static int futex_wait(const _Atomic uint32_t *word, uint32_t expected,
		      uint32_t bits, zag_time deadline, enum hears hears)
{
	struct expectation e = { word, expected };
	struct waiter w = { .key = (const void *)word, .bits = bits };

	zag_why_default(&zag_why_futex, (uintptr_t)word);
	if (!enter(&w, as_expected, &e, hears))
		return refused();
	return finish(&w, NULL, NULL, deadline);
}

int zag_lot_wait(const _Atomic uint32_t *word, uint32_t expected,
		 zag_time deadline)
{
	return for_any_reason(
		futex_wait(word, expected, UINT32_MAX, deadline, SIGNALS));
}

int zag_lot_wait_point(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	return for_any_reason(futex_wait(word, expected, UINT32_MAX, deadline,
					 SIGNALS_AND_CANCEL));
}

int zag_lot_wait_locked(const _Atomic uint32_t *word, uint32_t expected,
			zag_time deadline)
{
	return futex_wait(word, expected, UINT32_MAX, deadline, NOTHING);
}

int zag_lot_wait_bits(const _Atomic uint32_t *word, uint32_t expected,
		      uint32_t bits, zag_time deadline)
{
	return futex_wait(word, expected, bits, deadline, SIGNALS);
}

int zag_lot_wake(const void *word, int n)
{
	return unpark(word, n, UINT32_MAX, NULL, NULL);
}

int zag_lot_wake_bits(const void *word, int n, uint32_t bits)
{
	return unpark(word, n, bits, NULL, NULL);
}

/* In the order of their addresses. */
static void lock_both(struct bucket *a, struct bucket *b)
{
	zag_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		zag_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct bucket *a, struct bucket *b)
{
	zag_unlock(&a->lock);
	if (a != b)
		zag_unlock(&b->lock);
}

static struct zag_requeued requeue(struct bucket *a, const void *from,
				   struct bucket *b, const void *to, int wake,
				   int move)
{
	struct zag_requeued done = { 0, 0 };
	struct waiter *w, *next;

	w = next_match(TAILQ_FIRST(&a->queue), from, UINT32_MAX);
	for (; w && (done.woken < wake || done.moved < move); w = next) {
		next = next_match(TAILQ_NEXT(w, link), from, UINT32_MAX);
		unlink_waiter(a, w);
		if (done.woken < wake) {
			done.woken +=
				zag_wait_wake(&w->wait, ZAG_WAKE_READY);
			continue;
		}
		zag_store_rlx(&w->key, to);
		append(b, w);
		done.moved++;
	}
	return done;
}

int zag_lot_requeue(const _Atomic uint32_t *from, const void *to, int wake,
		    int move, const uint32_t *expected,
		    struct zag_requeued *done)
{
	struct bucket *a = bucket_of((const void *)from);
	struct bucket *b = bucket_of(to);
	int r = 0;

	lock_both(a, b);
	if (expected && zag_load_acq(from) != *expected)
		r = -EAGAIN;
	else if ((const void *)from == to) /* where they are already */
		*done = requeue(a, to, b, to, wake, 0);
	else
		*done = requeue(a, (const void *)from, b, to, wake, move);
	unlock_both(a, b);
	return r;
}

/* --- the runtime's own lock that may be held across a park -------------- */

void zag_mutex_lock_slow(struct zag_mutex *m)
{
	while (zag_xchg(&m->word, 2) != 0) {
		zag_why_set(&zag_why_runtime, (uintptr_t)m);
		zag_lot_wait_locked(&m->word, 2, ZAG_NEVER);
	}
}

void zag_mutex_unlock_slow(struct zag_mutex *m)
{
	zag_lot_wake(&m->word, 1);
}
