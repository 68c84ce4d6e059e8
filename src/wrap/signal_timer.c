/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_create with SIGEV_THREAD_ID: a timer for one fiber.
 *
 * The kernel knows no fiber: it signals the monitor, which finds here whom the
 * timer is for.
 */
#include "config.h"

#include "wrap/real.h"

#include "base/lock.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"
#include "sched/monitor.h"
#include "wrap/signal_cputimer.h"
#include "wrap/signal_timer.h"
#include "wrap/time_clock.h"

struct zag_timers zag_timers;

struct zag_timer_fiber zag_timer_fiber(const struct zag_fiber *f)
{
	return (struct zag_timer_fiber){ f->id, f->tid };
}

struct zag_fiber *zag_timer_find_fiber(const struct zag_timer_fiber *w)
{
	struct zag_fiber *f = w->id ? zag_fiber_by_tid(w->tid) : NULL;

	return f && f->id == w->id ? f : NULL;
}

bool zag_timer_signal_valid(int signo)
{
	return signo >= 1 && signo < NSIG && signo != ZAG_SIGNAL &&
	       signo != ZAG_SIGNAL_IDS;
}

struct zag_timer *zag_timer_find(int timer)
{
	struct zag_timer *t;

	SLIST_FOREACH(t, &zag_timers.list, link)
		if (t->timer == timer)
			break;
	return t;
}

static void taken(const siginfo_t *si)
{
	struct zag_timer *t;

	zag_lock(&zag_timers.lock);
	t = zag_timer_find(si->si_timerid);
	if (t)
		t->overrun = si->si_overrun;
	zag_unlock(&zag_timers.lock);
}

static void replace(int timer, struct zag_timer *new)
{
	struct zag_timer *old;

	zag_lock(&zag_timers.lock);
	old = zag_timer_find(timer);
	if (old)
		SLIST_REMOVE(&zag_timers.list, old, zag_timer, link);
	if (new)
		SLIST_INSERT_HEAD(&zag_timers.list, new, link);
	zag_sigqueue_on_timer = taken;
	zag_unlock(&zag_timers.lock);
	if (old)
		zag_heap_realloc(old, 0);
}

void zag_timer_keep(struct zag_timer *new)
{
	replace(new->timer, new);
}

void zag_signal_timer_reset(void)
{
	zag_timers = (struct zag_timers){ 0 };
}

static bool remember(int timer, int signo, const struct zag_fiber *f)
{
	struct zag_timer *t = zag_heap_realloc(NULL, sizeof(*t));

	if (t)
		*t = (struct zag_timer){
			.timer = timer,
			.signo = signo,
			.target = zag_timer_fiber(f),
		};
	replace(timer, t);
	return t != NULL;
}

/* On the monitor: a timer has expired. */
static bool on_timer(siginfo_t *si)
{
	struct zag_fiber *f = NULL;
	struct zag_timer *t;

	zag_lock(&zag_timers.lock);
	t = zag_timer_find(si->si_timerid);
	if (t) {
		f = zag_timer_find_fiber(&t->target);
		si->si_signo = t->signo;
	}
	zag_unlock(&zag_timers.lock);
	if (f)
		zag_signal_send(f, si);
	return t != NULL;
}

static int create_for(struct zag_fiber *f, clockid_t clock,
		      const struct sigevent *ev, timer_t *timer)
{
	struct sigevent own = *ev;
	int signo = ev->sigev_signo;

	if (!zag_timer_signal_valid(signo))
		return (int)zag_ret(-EINVAL);
	zag_signal_on_timer = on_timer;
	own.sigev_signo = ZAG_SIGNAL;
	own._sigev_un._tid = (pid_t)zag_monitor_tid();
	if (ZAG_REAL(timer_create)(clock, &own, timer) < 0)
		return -1;
	if (remember((int)(intptr_t)*timer, signo, f))
		return 0;
	ZAG_REAL(timer_delete)(*timer);
	return (int)zag_ret(-EAGAIN);
}

ZAG_EXPORT int timer_create(clockid_t clock, struct sigevent *restrict ev,
			    timer_t *restrict timer)
{
	struct zag_fiber *f = zag_on_fiber() ? zag_time_fiber_of(clock) : NULL;

	if (f) /* the kernel's is a carrier's */
		return (int)zag_ret(zag_cputimer_create(f, ev, timer));
	if (zag_on_fiber() && ev && ev->sigev_notify == SIGEV_THREAD_ID)
		f = zag_fiber_by_tid((uint32_t)ev->_sigev_un._tid);
	if (!f)
		return ZAG_REAL(timer_create)(clock, ev, timer);
	return create_for(f, clock, ev, timer);
}

/* Those of SIGEV_THREAD are pointers with the topmost bit set. */
ZAG_EXPORT int timer_delete(timer_t timer)
{
	if ((intptr_t)timer >= 0)
		replace((int)(intptr_t)timer, NULL);
	return ZAG_REAL(timer_delete)(timer);
}
