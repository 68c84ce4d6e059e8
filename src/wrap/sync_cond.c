/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_cond_*: waiters queue in the parking lot at the condition's address.
 *
 * __wrefs keeps libc's flags, which libc's own pthread_cond_init sets: whether
 * the condition is process-shared (see sync_cond_shared.c) and its clock.  The
 * first word says whether anybody may be queued, so that a signal to nobody
 * is one load.  Woken waiters do not look at the condition again: it may be
 * destroyed as soon as they have been woken.
 */

#include "config.h"

#include "wrap/sync_cond.h"

#include "fiber/why.h"
#include "sched/sched.h"
#include "wrap/sync_mutex.h"

#define FLAG_SHARED 1u
#define FLAG_MONOTONIC 2u

ZAG_DECLARE_REAL(pthread_cond_destroy);
ZAG_DECLARE_REAL(pthread_cond_wait);
ZAG_DECLARE_REAL(pthread_cond_clockwait);
ZAG_DECLARE_REAL(pthread_cond_signal);
ZAG_DECLARE_REAL(pthread_cond_broadcast);

static inline bool is_shared(const pthread_cond_t *c)
{
	return c->__data.__wrefs & FLAG_SHARED;
}

/*
 * What is kept in the memory of a private one; written under the lot's lock
 * for its address only.  A waiter is absent while the handlers of a signal run
 * that has ended its wait: it is in no queue, but sees afterwards whether
 * anything was signalled meanwhile.
 */
struct cond {
	_Atomic uint32_t waited_for; /* somebody may be queued, or absent */
	_Atomic uint32_t signals;    /* so far, to whoever */
	_Atomic uint32_t absent;
};

static inline struct cond *cond_of(pthread_cond_t *c)
{
	return (struct cond *)c;
}

struct cond_wait {
	pthread_cond_t *cond;
	pthread_mutex_t *mutex;
	uint32_t seen; /* signals when it was last queued */
	bool absent;
	bool unlocked; /* the mutex, and it has to be locked again */
	int err;       /* of that */
};

static bool announce(void *arg)
{
	struct cond_wait *w = arg;
	struct cond *c = cond_of(w->cond);

	zag_store_rlx(&c->waited_for, 1);
	w->seen = zag_load_rlx(&c->signals);
	return true;
}

static void unlock_mutex(void *arg)
{
	struct cond_wait *w = arg;

	w->unlocked = true;
	zag_sync_mutex_unlock_to_wait(w->mutex);
}

/* One that a waker has passed over will see that by the count. */
static void go_away(void *arg, bool was_queued)
{
	struct cond_wait *w = arg;
	struct cond *c = cond_of(w->cond);

	w->absent = true;
	zag_count(&c->absent, 1);
	if (was_queued)
		w->seen = zag_load_rlx(&c->signals);
}

static bool return_for_good(void *arg)
{
	struct cond_wait *w = arg;

	w->absent = false;
	zag_count(&cond_of(w->cond)->absent, -1);
	return false;
}

static bool come_back(void *arg)
{
	struct cond_wait *w = arg;
	uint32_t seen = w->seen;

	return_for_good(w);
	return announce(w) && w->seen == seen;
}

static const struct zag_lot_ops wait_ops = {
	.validate = announce,
	.before_sleep = unlock_mutex,
	.interrupted = go_away,
	.point = true,
};

static const struct zag_lot_ops again_ops = {
	.validate = come_back,
	.interrupted = go_away,
	.point = true,
};

static const struct zag_lot_ops leave_ops = { .validate = return_for_good };

/*
 * Also when a signal handler that runs in the wait leaves it for good, by
 * pthread_exit, a C++ exception or an asynchronous cancellation: whose cleanup
 * handlers hold the mutex.
 */
static void relock(struct cond_wait *w)
{
	if (!w->unlocked)
		return;
	if (w->absent)
		zag_lot_park(w->cond, &leave_ops, w, 0);
	w->unlocked = false;
	w->err = zag_sync_mutex_relock(w->mutex);
}

/*
 * A signal handler that ran does not end the wait, unless something has been
 * signalled meanwhile: it may have been for this waiter.  A cancellation that
 * makes calls fail does, and one that unwinds is acted on here.
 */
static int wait_private(pthread_cond_t *c, pthread_mutex_t *m,
			zag_time deadline)
{
	struct cond_wait w __attribute__((cleanup(relock))) = {
		.cond = c, .mutex = m,
	};
	int err = zag_sync_mutex_check_owner(m);

	if (err)
		return err;
	zag_fiber_call_begins(zag_fiber_self());
	zag_why_set(&zag_why_cond, (uintptr_t)c);
	err = zag_lot_park(c, &wait_ops, &w, deadline);
	while (w.absent) {
		zag_why_set(&zag_why_cond, (uintptr_t)c);
		err = zag_lot_park(c, &again_ops, &w, deadline);
	}
	relock(&w);
	if (zag_unlikely(err == -ZAG_ECANCEL)) {
		zag_acted(err);
		zag_cancel_tell();
	}
	if (w.err)
		return w.err;
	return err == -ETIMEDOUT ? ETIMEDOUT : 0;
}

static int wait_until(pthread_cond_t *c, pthread_mutex_t *m,
		      const struct zag_sync_until *until)
{
	if (!zag_sync_until_valid(until))
		return EINVAL;
	if (zag_likely(!is_shared(c)))
		return wait_private(c, m, zag_sync_deadline(until));
	if (zag_sync_cond_known())
		return zag_sync_cond_wait_shared(c, m,
						 zag_sync_deadline(until));
	return ZAG_SYNC_REAL(pthread_cond_clockwait, c, m, until->clock,
			     until->abs);
}

ZAG_EXPORT int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (zag_likely(!is_shared(c)))
		return wait_private(c, m, ZAG_NEVER);
	return zag_sync_cond_known() ?
		       zag_sync_cond_wait_shared(c, m, ZAG_NEVER) :
		       ZAG_SYNC_REAL(pthread_cond_wait, c, m);
}

ZAG_EXPORT int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
				      const struct timespec *abs)
{
	struct zag_sync_until until = { CLOCK_REALTIME, abs };

	if (c->__data.__wrefs & FLAG_MONOTONIC)
		until.clock = CLOCK_MONOTONIC;
	return wait_until(c, m, &until);
}

ZAG_EXPORT int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m,
				      clockid_t clock,
				      const struct timespec *abs)
{
	struct zag_sync_until until = { clock, abs };

	return wait_until(c, m, &until);
}

static void signalled(void *arg, int woken, bool more)
{
	struct cond *c = cond_of(arg);

	(void)woken;
	zag_count(&c->signals, 1);
	if (!more && !zag_load_rlx(&c->absent))
		zag_store_rlx(&c->waited_for, 0);
}

/* Any waiter that must be seen has queued before it unlocked a mutex that
 * the caller has locked since. */
static int wake(pthread_cond_t *c, int n)
{
	if (zag_load_rlx(&cond_of(c)->waited_for))
		zag_lot_unpark(c, n, signalled, c);
	return 0;
}

ZAG_EXPORT int pthread_cond_signal(pthread_cond_t *c)
{
	if (zag_likely(!is_shared(c)))
		return wake(c, 1);
	return zag_sync_cond_known() ? zag_sync_cond_signal_shared(c) :
				       ZAG_SYNC_REAL(pthread_cond_signal, c);
}

ZAG_EXPORT int pthread_cond_broadcast(pthread_cond_t *c)
{
	if (zag_likely(!is_shared(c)))
		return wake(c, INT_MAX);
	return zag_sync_cond_known() ?
		       zag_sync_cond_broadcast_shared(c) :
		       ZAG_SYNC_REAL(pthread_cond_broadcast, c);
}

/* Who has been signalled may still be about to look at it: the waiters of a
 * shared one, and absent ones. */
ZAG_EXPORT int pthread_cond_destroy(pthread_cond_t *c)
{
	if (is_shared(c))
		return zag_sync_cond_known() ?
			       zag_sync_cond_destroy_shared(c) :
			       ZAG_SYNC_REAL(pthread_cond_destroy, c);
	while (zag_load_acq(&cond_of(c)->absent))
		zag_yield();
	return 0;
}
