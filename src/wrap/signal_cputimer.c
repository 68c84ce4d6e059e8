/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers on CPU clocks: what timer_settime and its kin do with them. */
#include "config.h"

#include "wrap/signal_cputimer.h"

#include <errno.h>
#include <limits.h>

#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"
#include "sched/cputime.h"
#include "sched/monitor.h"
#include "wrap/real.h"
#include "wrap/signal_timer.h"

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){ ns / ZAG_NSEC, ns % ZAG_NSEC };
}

static int64_t to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= ZAG_WALL / ZAG_NSEC)
		return ZAG_WALL;
	return ts->tv_sec * ZAG_NSEC + ts->tv_nsec;
}

/* NULL, or the timer, and the lock is held. */
static struct zag_timer *lock_any(timer_t timer)
{
	struct zag_timer *t;

	if ((intptr_t)timer < 0 || !zag_on_fiber())
		return NULL; /* a pointer of libc's: SIGEV_THREAD */
	zag_lock(&zag_timers.lock);
	t = zag_timer_find((int)(intptr_t)timer);
	if (!t)
		zag_unlock(&zag_timers.lock);
	return t;
}

/* The same, if it is on a CPU clock. */
static struct zag_timer *lock(timer_t timer)
{
	struct zag_timer *t = lock_any(timer);

	if (!t || t->clock.id)
		return t;
	zag_unlock(&zag_timers.lock);
	return NULL;
}

static int64_t used(const struct zag_timer *t)
{
	struct zag_fiber *f = zag_timer_find_fiber(&t->clock);

	return f ? zag_cputime(f) : 0;
}

/* --- looking ------------------------------------------------------------- */

/* The lock is held; what the timer has to say, if anything. */
static bool expire(struct zag_timer *t, int64_t now, siginfo_t *si)
{
	int64_t missed;

	if (!t->at || now < t->at)
		return false;
	missed = t->every ? (now - t->at) / t->every : 0;
	t->at = t->every ? t->at + (missed + 1) * t->every : 0;
	*si = (siginfo_t){ .si_signo = t->signo, .si_code = SI_TIMER };
	si->si_timerid = t->timer;
	si->si_overrun = (int)zag_min(missed, (int64_t)INT_MAX);
	si->si_value = t->value;
	return t->signo != 0;
}

/* The first that has expired, if any; `set`: whether any has yet to. */
static bool take_expired(struct zag_timer_fiber *target, siginfo_t *si,
			 bool *set)
{
	struct zag_timer *t;
	bool tells = false;

	*set = false;
	zag_lock(&zag_timers.lock);
	for (t = SLIST_FIRST(&zag_timers.list); t && !tells;
	     t = SLIST_NEXT(t, link)) {
		if (t->at && zag_timer_find_fiber(&t->clock))
			tells = expire(t, used(t), si);
		*set |= t->at && zag_timer_find_fiber(&t->clock);
		*target = t->target;
	}
	zag_unlock(&zag_timers.lock);
	return tells;
}

/* On the monitor, every tick while any is set. */
static bool look(void)
{
	struct zag_timer_fiber target;
	struct zag_fiber *f;
	siginfo_t si;
	bool set;

	while (take_expired(&target, &si, &set)) {
		f = zag_timer_find_fiber(&target);
		if (f)
			zag_signal_send(f, &si);
		else if (!target.id)
			zag_signal_send_process(&si);
	}
	return set;
}

/* --- the calls ----------------------------------------------------------- */

/* Whom to tell, and how. */
static int read_event(struct zag_timer *t, const struct sigevent *ev)
{
	struct zag_fiber *f;

	t->signo = ev ? ev->sigev_signo : SIGALRM;
	if (ev && ev->sigev_notify == SIGEV_THREAD)
		return -ENOTSUP;
	if (ev && ev->sigev_notify == SIGEV_NONE) {
		t->signo = 0;
		return 0;
	}
	if (ev)
		t->value = ev->sigev_value;
	if (ev && ev->sigev_notify == SIGEV_THREAD_ID) {
		f = zag_fiber_by_tid((uint32_t)ev->_sigev_un._tid);
		if (!f)
			return -EINVAL;
		t->target = zag_timer_fiber(f);
	}
	return zag_timer_signal_valid(t->signo) ? 0 : -EINVAL;
}

int zag_cputimer_create(struct zag_fiber *f, const struct sigevent *ev,
			timer_t *timer)
{
	struct sigevent nobody = { .sigev_notify = SIGEV_NONE };
	struct zag_timer new = { .clock = zag_timer_fiber(f) }, *t;
	int err = read_event(&new, ev);

	if (err)
		return err;
	t = zag_heap_realloc(NULL, sizeof(*t));
	if (!t)
		return -EAGAIN;
	if (ZAG_REAL(timer_create)(CLOCK_MONOTONIC, &nobody, timer) < 0) {
		zag_heap_realloc(t, 0);
		return -errno;
	}
	new.timer = (int)(intptr_t)*timer;
	if (!ev)
		new.value.sival_int = new.timer;
	*t = new;
	zag_timer_keep(t);
	return 0;
}

/* The lock is held. */
static void tell_setting(const struct zag_timer *t, int64_t now,
			 struct itimerspec *its)
{
	int64_t left = t->at ? zag_max(t->at - now, INT64_C(1)) : 0;

	its->it_value = to_timespec(left);
	its->it_interval = to_timespec(t->every);
}

static void set(struct zag_timer *t, int flags, int64_t now,
		const struct itimerspec *its)
{
	int64_t at = to_ns(&its->it_value);

	t->at = at && !(flags & TIMER_ABSTIME) ? now + at : at;
	t->every = to_ns(&its->it_interval);
	t->overrun = 0;
	zag_signal_on_tick = look;
	zag_monitor_watch_signals();
}

ZAG_EXPORT int timer_settime(timer_t timer, int flags,
			     const struct itimerspec *restrict its,
			     struct itimerspec *restrict old)
{
	struct zag_timer *t = lock(timer);
	bool valid = t && its && zag_timespec_valid(&its->it_value) &&
		     zag_timespec_valid(&its->it_interval) &&
		     its->it_value.tv_sec >= 0 && its->it_interval.tv_sec >= 0;
	int64_t now;

	if (!t)
		return ZAG_REAL(timer_settime)(timer, flags, its, old);
	now = used(t);
	if (valid && old)
		tell_setting(t, now, old);
	if (valid)
		set(t, flags, now, its);
	zag_unlock(&zag_timers.lock);
	return (int)zag_ret(valid ? 0 : -EINVAL);
}

ZAG_EXPORT int timer_gettime(timer_t timer, struct itimerspec *its)
{
	struct zag_timer *t = lock(timer);

	if (!t)
		return ZAG_REAL(timer_gettime)(timer, its);
	tell_setting(t, used(t), its);
	zag_unlock(&zag_timers.lock);
	return 0;
}

ZAG_EXPORT int timer_getoverrun(timer_t timer)
{
	struct zag_timer *t = lock_any(timer);
	int n;

	if (!t)
		return ZAG_REAL(timer_getoverrun)(timer);
	n = t->overrun;
	zag_unlock(&zag_timers.lock);
	return n;
}
