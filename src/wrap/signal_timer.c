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
#include "sched/monitor.h"
#include "wrap/signal_cputimer.h"
#include "wrap/signal_timer.h"
#include "wrap/time_clock.h"

struct target {
	struct target *next;
	int timer; /* the kernel's number */
	int signo;
	uint64_t fiber; /* its id */
	uint32_t tid;
};

static struct {
	struct zag_lock lock; /* protects the list; a leaf */
	struct target *first;
} timers;

void zag_signal_timer_reset(void)
{
	timers.lock = (struct zag_lock){ 0 };
	timers.first = NULL;
	zag_cputimer_reset();
}

static void forget(int timer)
{
	struct target **link = &timers.first, *t;

	zag_lock(&timers.lock);
	while ((t = *link) && t->timer != timer)
		link = &t->next;
	if (t)
		*link = t->next;
	zag_unlock(&timers.lock);
	if (t)
		zag_heap_realloc(t, 0);
}

static bool remember(int timer, int signo, const struct zag_fiber *f)
{
	struct target *t;

	forget(timer); /* of the same number, gone in a way we have not seen */
	t = zag_heap_realloc(NULL, sizeof(*t));
	if (!t)
		return false;
	*t = (struct target){ .timer = timer, .signo = signo,
			      .fiber = f->id, .tid = f->tid };
	zag_lock(&timers.lock);
	t->next = timers.first;
	timers.first = t;
	zag_unlock(&timers.lock);
	return true;
}

/* On the monitor: a timer has expired. */
static bool on_timer(siginfo_t *si)
{
	struct zag_fiber *f = NULL;
	struct target *t;

	zag_lock(&timers.lock);
	for (t = timers.first; t && t->timer != si->si_timerid;)
		t = t->next;
	if (t) {
		f = zag_fiber_by_tid(t->tid);
		f = f && f->id == t->fiber ? f : NULL;
		si->si_signo = t->signo;
	}
	zag_unlock(&timers.lock);
	if (f)
		zag_signal_send(f, si);
	return t != NULL;
}

static int create_for(struct zag_fiber *f, clockid_t clock,
		      const struct sigevent *ev, timer_t *timer)
{
	struct sigevent own = *ev;
	int signo = ev->sigev_signo;

	if (signo < 1 || signo >= NSIG || signo == ZAG_SIGNAL ||
	    signo == ZAG_SIGNAL_IDS)
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

static void forget_both(int timer)
{
	forget(timer);
	zag_cputimer_forget(timer);
}

/* Those of SIGEV_THREAD are pointers with the topmost bit set. */
ZAG_EXPORT int timer_delete(timer_t timer)
{
	if ((intptr_t)timer >= 0)
		forget_both((int)(intptr_t)timer);
	return ZAG_REAL(timer_delete)(timer);
}
