/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Process-shared condition variables, by the rules of glibc 2.25 to 2.40: other
 * processes may follow them.
 *
 * In short: waiters are numbered as they come, and there are two groups of
 * them.  Signals are put into G1, which is closed to newcomers; these are in
 * G2.  When G1 has had a signal for each of its waiters and there is one more,
 * the two change places: first nobody may sleep for G1 any more (`refs`), so
 * that its words can be used again.  Sleepers sleep at their group's `signals`,
 * whose lowest bit says that the group is over: then all have been signalled.
 */

#include "config.h"

#include "wrap/sync_cond.h"

#include "ctl/cancel.h"
#include "fiber/why.h"
#include "wrap/sync_mutex.h"

ZAG_DECLARE_REAL(pthread_cond_signal);

struct cond {
	_Atomic uint64_t next;	/* number of the next waiter << 1 | G2 */
	_Atomic uint64_t start; /* number of the first in G1 << 1 | G2 */
	_Atomic uint32_t refs[2]; /* about to sleep: of each 2; 1: tell at 0 */
	uint32_t size[2];	  /* still to be signalled; < 0 where G2's
				   * waiters have given up.  The lock's */
	_Atomic uint32_t lock;	  /* G1's size at first << 2 | the lock */
	_Atomic uint32_t waiters; /* of each 8, and flags */
	_Atomic uint32_t signals[2]; /* to be had: of each 2; 1: it is over */
};

_Static_assert(sizeof(struct cond) <= sizeof(pthread_cond_t), "too big");

enum { FREE, LOCKED, LOCKED_WAITED, LOCK_BITS = 3 };

#define OVER 1u
#define ONE_SIGNAL 2u
#define TELL 1u
#define ONE_REF 2u
#define ONE_WAITER 8u
#define DESTROYED 4u /* tell when there is no waiter */
#define GROUP_MOST (1u << 29)

static struct cond *cond_of(pthread_cond_t *c)
{
	return (struct cond *)c;
}

static void sleep_on(const _Atomic uint32_t *word, uint32_t value)
{
	zag_why_set(&zag_why_shared, (uintptr_t)word);
	zag_sync_wait_all(word, value, ZAG_NEVER, true);
}

/* --- the lock ------------------------------------------------------------ */

static void lock(struct cond *c)
{
	uint32_t s = zag_load_acq(&c->lock), as = LOCKED;

	for (;;) {
		if ((s & LOCK_BITS) == FREE) {
			if (zag_cas(&c->lock, &s, s | as))
				return;
		} else if ((s & LOCK_BITS) == LOCKED_WAITED ||
			   zag_cas(&c->lock, &s,
				   (s & ~LOCK_BITS) | LOCKED_WAITED)) {
			sleep_on(&c->lock, (s & ~LOCK_BITS) | LOCKED_WAITED);
			as = LOCKED_WAITED;
			s = zag_load_acq(&c->lock);
		}
	}
}

static void unlock(struct cond *c)
{
	if ((zag_and(&c->lock, ~LOCK_BITS) & LOCK_BITS) == LOCKED_WAITED)
		zag_sync_wake(&c->lock, 1, true);
}

static uint32_t first_size(struct cond *c)
{
	return zag_load_rlx(&c->lock) >> 2;
}

static void set_first_size(struct cond *c, uint32_t n)
{
	uint32_t s = zag_load_rlx(&c->lock);

	while (!zag_cas(&c->lock, &s, n << 2 | (s & LOCK_BITS)))
		;
}

/* --- signalling ---------------------------------------------------------- */

/* Nobody sleeps for group g, nor is about to. */
static void until_unused(struct cond *c, uint32_t g)
{
	uint32_t r = zag_or(&c->refs[g], 0);

	while (r >= ONE_REF) {
		r = zag_or(&c->refs[g], TELL) | TELL;
		if (r >= ONE_REF)
			sleep_on(&c->refs[g], r);
		r = zag_load_acq(&c->refs[g]);
	}
}

/*
 * G1, group g, has been signalled: G2 is the new G1, in which the signals of
 * those before number `next` belong.  False: nobody is in it.  Locked.
 */
static bool switch_groups(struct cond *c, uint64_t next, uint32_t g)
{
	uint64_t end = (zag_load_rlx(&c->start) >> 1) + first_size(c);
	uint32_t n;

	if ((uint32_t)(next - end) + c->size[!g] == 0)
		return false;
	zag_or(&c->signals[g], OVER);
	until_unused(c, g);
	zag_store_rlx(&c->start, end << 1 | g);
	zag_store_rel(&c->signals[g], 0);
	n = (uint32_t)((atomic_fetch_xor(&c->next, 1) >> 1) - end);
	set_first_size(c, n);
	c->size[!g] += n;
	return c->size[!g] != 0;
}

int zag_sync_cond_signal_shared(pthread_cond_t *cond)
{
	struct cond *c = cond_of(cond);
	uint64_t next;
	uint32_t g;
	bool put;

	if (zag_load_rlx(&c->waiters) < ONE_WAITER)
		return 0;
	lock(c);
	next = zag_load_rlx(&c->next);
	g = !(next & 1);
	put = c->size[g] != 0;
	if (!put) {
		put = switch_groups(c, next >> 1, g);
		g = !g;
	}
	if (put) {
		zag_add(&c->signals[g], ONE_SIGNAL);
		c->size[g]--;
	}
	unlock(c);
	if (put)
		zag_sync_wake(&c->signals[g], 1, true);
	return 0;
}

static void signal_rest(struct cond *c, uint32_t g)
{
	zag_add(&c->signals[g], c->size[g] * ONE_SIGNAL);
	c->size[g] = 0;
	zag_sync_wake(&c->signals[g], INT_MAX, true);
}

int zag_sync_cond_broadcast_shared(pthread_cond_t *cond)
{
	struct cond *c = cond_of(cond);
	uint64_t next;
	uint32_t g;

	if (zag_load_rlx(&c->waiters) < ONE_WAITER)
		return 0;
	lock(c);
	next = zag_load_rlx(&c->next);
	g = !(next & 1);
	if (c->size[g] != 0)
		signal_rest(c, g);
	if (switch_groups(c, next >> 1, g))
		signal_rest(c, !g);
	unlock(c);
	return 0;
}

int zag_sync_cond_destroy_shared(pthread_cond_t *cond)
{
	struct cond *c = cond_of(cond);
	uint32_t n = zag_or(&c->waiters, DESTROYED) | DESTROYED;

	while (n >= ONE_WAITER) {
		sleep_on(&c->waiters, n);
		n = zag_load_acq(&c->waiters);
	}
	return 0;
}

/* --- waiting ------------------------------------------------------------- */

struct shared_wait {
	struct cond *cond;
	pthread_mutex_t *mutex;
	uint64_t number;
	uint32_t group;
	bool counted;  /* among the waiters; the mutex is unlocked */
	bool about_to; /* sleep, or asleep */
	bool served;   /* has had a signal, or was in a group that is over */
	int err;       /* of locking the mutex again */
};

/* Signallers may wait until nobody is about to sleep. */
static void stop_sleeping(struct shared_wait *w)
{
	_Atomic uint32_t *refs = &w->cond->refs[w->group];

	w->about_to = false;
	if (zag_sub(refs, ONE_REF) != (ONE_REF | TELL))
		return;
	zag_and(refs, ~TELL);
	zag_sync_wake(refs, INT_MAX, true);
}

/* This waiter leaves without a signal.  True: one was meant for it. */
static bool take_off(struct shared_wait *w)
{
	struct cond *c = w->cond;
	uint64_t start = zag_load_rlx(&c->start) >> 1;
	uint32_t *size = &c->size[w->group];

	if (start > w->number)
		return true;
	if (start + first_size(c) > w->number && *size == 0)
		return true;
	--*size;
	return false;
}

/* There is room for so many who leave G2 only. */
static bool no_room(struct shared_wait *w)
{
	struct cond *c = w->cond;
	uint64_t end = (zag_load_rlx(&c->start) >> 1) + first_size(c);

	return end <= w->number && c->size[w->group] + GROUP_MOST == 0;
}

static void leave_unserved(struct shared_wait *w)
{
	pthread_cond_t *cond = (pthread_cond_t *)w->cond;
	bool full, had;

	lock(w->cond);
	full = no_room(w);
	had = !full && take_off(w);
	unlock(w->cond);
	if (full)
		zag_sync_cond_broadcast_shared(cond);
	if (had)
		zag_sync_cond_signal_shared(cond);
}

/* Also when a signal handler that runs in the wait leaves it for good. */
static void leave(struct shared_wait *w)
{
	_Atomic uint32_t *waiters = &w->cond->waiters;

	if (!w->counted)
		return;
	w->counted = false;
	if (w->about_to)
		stop_sleeping(w);
	if (!w->served)
		leave_unserved(w);
	if ((zag_sub(waiters, ONE_WAITER) & ~3u) == (ONE_WAITER | DESTROYED))
		zag_sync_wake(waiters, INT_MAX, true);
	w->err = zag_sync_mutex_relock(w->mutex);
}

static bool is_over(struct shared_wait *w)
{
	struct cond *c = w->cond;

	return (zag_load_acq(&c->signals[w->group]) & OVER) ||
	       w->number < zag_load_acq(&c->start) >> 1;
}

/*
 * The signal may have been for a younger group in the same place: then put it
 * back.  A needless one only wakes somebody for nothing.
 */
static void give_back(struct shared_wait *w)
{
	struct cond *c = w->cond;
	uint64_t start = zag_load_acq(&c->start);
	uint32_t s = zag_load_acq(&c->signals[w->group]);

	if (w->number >= start >> 1 || (start & 1) == w->group)
		return;
	while (zag_load_acq(&c->start) == start)
		if ((s & OVER) ||
		    zag_cas(&c->signals[w->group], &s, s + ONE_SIGNAL)) {
			zag_sync_wake(&c->signals[w->group], 1, true);
			return;
		}
}

static bool take_signal(struct shared_wait *w)
{
	_Atomic uint32_t *signals = &w->cond->signals[w->group];
	uint32_t s = zag_load_acq(signals);

	while (s && !(s & OVER))
		if (zag_cas(signals, &s, s - ONE_SIGNAL)) {
			give_back(w);
			return true;
		}
	return s & OVER;
}

/* 0, -ETIMEDOUT, -ZAG_ECANCEL. */
static int wait_signal(struct shared_wait *w, zag_time deadline)
{
	_Atomic uint32_t *signals = &w->cond->signals[w->group];
	int r = 0;

	while (!take_signal(w)) {
		if (r == -ETIMEDOUT || r == -ZAG_ECANCEL)
			return r;
		w->about_to = true;
		zag_add(&w->cond->refs[w->group], ONE_REF);
		if (is_over(w)) {
			stop_sleeping(w);
			break;
		}
		zag_why_set(&zag_why_shared, (uintptr_t)w->cond);
		r = zag_sync_wait_cond(signals, 0, deadline);
		stop_sleeping(w);
	}
	w->served = true;
	return 0;
}

int zag_sync_cond_wait_shared(pthread_cond_t *cond, pthread_mutex_t *m,
			      zag_time deadline)
{
	struct cond *c = cond_of(cond);
	struct shared_wait w __attribute__((cleanup(leave))) = {
		.cond = c, .mutex = m,
	};
	int err = zag_sync_mutex_check_owner(m);
	uint64_t next;

	if (err)
		return err;
	zag_point(); /* it may find a signal each time, and never sleep */
	next = zag_add(&c->next, 2);
	w.number = next >> 1;
	w.group = next & 1;
	zag_add(&c->waiters, ONE_WAITER);
	zag_sync_mutex_unlock_to_wait(m);
	w.counted = true;
	err = wait_signal(&w, deadline);
	leave(&w);
	if (zag_unlikely(err == -ZAG_ECANCEL)) {
		zag_acted(err);
		zag_cancel_tell();
	}
	if (w.err)
		return w.err;
	return err == -ETIMEDOUT ? ETIMEDOUT : 0;
}

/* --- which libc ---------------------------------------------------------- */

/*
 * What libc makes of a state that none of its versions get by accident: five
 * wait in group 0, and one signal is to be put.  glibc 2.41 has other rules.
 */
static bool probe(void)
{
	union {
		pthread_cond_t libcs;
		struct cond c;
	} u = { .c = { .next = 10 << 1, .start = 3 << 1, .lock = 2 << 2,
		       .waiters = 5 * ONE_WAITER | 1 } };

	return ZAG_SYNC_REAL(pthread_cond_signal, &u.libcs) == 0 &&
	       u.c.next == (10 << 1 | 1) && u.c.start == (5 << 1 | 1) &&
	       u.c.lock == 5 << 2 && u.c.signals[0] == ONE_SIGNAL &&
	       u.c.signals[1] == 0 && u.c.size[0] == 4 && u.c.size[1] == 0;
}

bool zag_sync_cond_known(void)
{
	static _Atomic uint32_t known; /* 1: no, 2: yes */
	uint32_t k = zag_load_rlx(&known);

	if (zag_unlikely(!k)) {
		k = probe() ? 2 : 1;
		if (ZAG_REAL(pthread_cond_signal))
			zag_store_rlx(&known, k);
	}
	return k == 2;
}
