/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleep and wake, for fibers and for native threads. */
#include "config.h"

#include "wait/wait.h"

#include <errno.h>

#include "base/futex.h"
#include "base/log.h"
#include "base/probe.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "fiber/sigmask.h"
#include "fiber/tcb.h"
#include "fiber/tcb_cancel.h"
#include "fiber/why.h"
#include "sched/sched.h"
#include "wait/deadline.h"

zag_time zag_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (zag_time)ts.tv_sec * ZAG_NSEC + ts.tv_nsec;
}

static zag_time from_timespec(const struct timespec *ts)
{
	if (ts->tv_sec >= ZAG_WALL / ZAG_NSEC)
		return ZAG_NEVER;
	if (ts->tv_sec <= -ZAG_NEVER / ZAG_NSEC)
		return -ZAG_NEVER;
	return (zag_time)ts->tv_sec * ZAG_NSEC + ts->tv_nsec;
}

static zag_time add(zag_time a, zag_time b)
{
	zag_time sum;

	if (a == ZAG_NEVER || b == ZAG_NEVER)
		return ZAG_NEVER;
	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? ZAG_NEVER : -ZAG_NEVER;
	return sum >= ZAG_WALL ? ZAG_NEVER : sum;
}

zag_time zag_deadline_rel(const struct timespec *rel)
{
	return add(zag_now(), from_timespec(rel));
}

zag_time zag_deadline_abs(clockid_t clock, const struct timespec *abs)
{
	struct timespec now;

	if (clock == CLOCK_MONOTONIC)
		return from_timespec(abs);
	clock_gettime(clock, &now);
	return add(zag_now(), add(from_timespec(abs), -from_timespec(&now)));
}

zag_time zag_deadline_wall(clockid_t clock, const struct timespec *abs)
{
	zag_time at = from_timespec(abs);

	if (clock != CLOCK_REALTIME || at == ZAG_NEVER)
		return zag_deadline_abs(clock, abs);
	return ZAG_WALL | zag_max(at, 0);
}

zag_time zag_deadline_mono(zag_time deadline)
{
	struct timespec abs;

	if (!zag_time_is_wall(deadline))
		return deadline;
	deadline -= ZAG_WALL;
	abs = (struct timespec){ deadline / ZAG_NSEC, deadline % ZAG_NSEC };
	return zag_deadline_abs(CLOCK_REALTIME, &abs);
}

int zag_wake_errno(enum zag_wake reason)
{
	zag_wait_over();
	switch (reason) {
	case ZAG_WAKE_TIMEOUT:
		return -ETIMEDOUT;
	case ZAG_WAKE_SIGNAL:
		return -EINTR;
	case ZAG_WAKE_CLOSED:
		return -EBADF;
	case ZAG_WAKE_CANCEL:
	case ZAG_WAKE_FAIL:
		return -ZAG_ECANCEL;
	default:
		return 0;
	}
}

ZAG_TLS bool zag_wait_no_point;
ZAG_TLS bool zag_wait_open;

static bool claim(struct zag_wait *w, enum zag_wake reason)
{
	uint32_t none = ZAG_WAKE_NONE;

	return zag_cas(&w->reason, &none, reason);
}

void zag_wait_begin(struct zag_wait *w)
{
	struct zag_fiber *f = zag_fiber_self();

	zag_wait_open = true;
	zag_store_rlx(&w->reason, ZAG_WAKE_NONE);
	w->fiber = f;
	w->deaf = false;
	w->stands = false;
	w->firm = zag_wait_no_point ? ZAG_FIRM_CALL : ZAG_FIRM_NOT;
	if (f)
		zag_store_rel(&f->state, ZAG_FIBER_PARKING);
}

/* --- who may end it ------------------------------------------------------ */

/*
 * A sender of a signal, or a canceller, makes it pending, passes a barrier on
 * every CPU, and looks for a wait to end; we make our wait known and look for
 * what is pending: one sees the other.  Who has seen the wait must be done
 * with it before it goes.
 */
struct listener {
	_Atomic(struct zag_wait *) wait;
	_Atomic uint32_t busy; /* how many look at it right now */
};

static ZAG_TLS struct listener native; /* a native thread's */

/* Whether w is to end for this reason, if these are its waiter's bits. */
static bool hears(const struct zag_wait *w, enum zag_wake reason,
		  uint32_t bits)
{
	switch (reason) {
	case ZAG_WAKE_CANCEL:
		return !(w->firm & ZAG_FIRM_CALL) && zag_cancel_unwinds(bits);
	case ZAG_WAKE_FAIL:
		return !(w->firm & ZAG_FIRM_COND) && zag_cancel_fails(bits);
	default:
		return true;
	}
}

/* Out of the kernel.  Until `busy` is given back, the carrier is f's. */
static void poke(struct zag_fiber *f)
{
	zag_raw(SYS_tgkill, zag_raw(SYS_getpid), f->carrier->tid, ZAG_SIGNAL);
}

/*
 * The waiter may have acted on the cancellation already, and wait for something
 * else: its bits are looked at when the wait has been seen.
 */
static bool end(_Atomic(struct zag_wait *) *place, _Atomic uint32_t *busy,
		void *tp, enum zag_wake reason)
{
	struct zag_wait *w;
	bool heard;

	zag_lock_begin(); /* no handler in between: the waiter waits for us */
	zag_add(busy, 1);
	zag_membarrier(); /* pairs with the fences below */
	w = zag_load_acq(place);
	heard = w && hears(w, reason, zag_load_acq(zag_tcb_cancel_word(tp)));
	if (heard) {
		zag_wait_wake(w, reason);
		if (w->stands)
			poke(w->fiber);
	}
	zag_sub(busy, 1);
	zag_lock_end();
	return heard;
}

bool zag_wait_end(struct zag_fiber *f, enum zag_wake reason)
{
	return end(&f->sigwait, &f->sigbusy, f->ctx.tp, reason);
}

bool zag_wait_end_native(void *tp, enum zag_wake reason)
{
	struct listener *l = &ZAG_TCB_AT(tp, ZAG_TCB_OFFSET(native),
					 struct listener);

	return end(&l->wait, &l->busy, tp, reason);
}

/* Who stands may not have to wait, and then does not fail either. */
static inline void look_for_cancel(struct zag_wait *w)
{
	uint32_t bits = zag_tcb_cancel_bits();

	if (zag_likely(!(bits & ZAG_CANCEL_ASKED)))
		return;
	if (hears(w, ZAG_WAKE_CANCEL, bits))
		zag_wait_wake(w, ZAG_WAKE_CANCEL);
	else if (!w->stands && hears(w, ZAG_WAKE_FAIL, bits))
		zag_wait_wake(w, ZAG_WAKE_FAIL);
}

static void listen(struct zag_fiber *f, struct zag_wait *w)
{
	zag_store_rel(&f->sigwait, w);
	zag_asymmetric_fence();
	look_for_cancel(w);
	if (zag_unlikely(f->handlers != f->seen_handlers ||
			 zag_sigmask_takes(f)))
		zag_wait_wake(w, ZAG_WAKE_SIGNAL);
}

static inline void unlisten(_Atomic(struct zag_wait *) *place,
			    _Atomic uint32_t *busy)
{
	zag_store_rel(place, NULL);
	zag_asymmetric_fence();
	while (zag_unlikely(zag_load_acq(busy)))
		zag_pause();
}

/* --- in the kernel ------------------------------------------------------- */

static ZAG_TLS uint64_t opened; /* for the call that this fiber is in */

static void change_kernels(int how, uint64_t set)
{
	if (zag_unlikely(set))
		zag_raw(SYS_rt_sigprocmask, how, &set, NULL, sizeof(set));
}

void zag_wait_stand(struct zag_wait *w, uint64_t open)
{
	struct zag_fiber *f = zag_fiber_self();

	*w = (struct zag_wait){
		.fiber = f,
		.stands = true,
		.firm = zag_wait_no_point ? ZAG_FIRM_CALL : ZAG_FIRM_NOT,
	};
	listen(f, w);
	opened = open;
	zag_compiler_fence();
	change_kernels(SIG_UNBLOCK, open);
}

enum zag_wake zag_wait_stood(struct zag_wait *w, uint64_t open)
{
	change_kernels(SIG_BLOCK, open);
	unlisten(&w->fiber->sigwait, &w->fiber->sigbusy);
	return zag_wait_reason(w);
}

void zag_wait_stands_no_more(struct zag_fiber *f)
{
	struct zag_wait *w = zag_load_rlx(&f->sigwait);

	if (!w)
		return;
	/* The handler may leave the carrier.  When it returns, the kernel
	 * restores the mask, wherever that is. */
	change_kernels(SIG_BLOCK, opened);
	claim(w, ZAG_WAKE_SIGNAL);
	unlisten(&f->sigwait, &f->sigbusy);
}

/* --- a native thread ---------------------------------------------------- */

long zag_futex_sleep(const _Atomic uint32_t *word, uint32_t val, int flags,
		     zag_time deadline, bool forever)
{
	bool endless = deadline == ZAG_NEVER && forever;
	struct timespec abs;

	if (zag_time_is_wall(deadline)) {
		flags |= FUTEX_CLOCK_REALTIME;
		deadline -= ZAG_WALL;
	}
	deadline = zag_max(deadline, 0);
	abs = (struct timespec){ deadline / ZAG_NSEC, deadline % ZAG_NSEC };
	return zag_raw(SYS_futex, word, FUTEX_WAIT_BITSET | flags, val,
		       endless ? NULL : &abs, 0, FUTEX_BITSET_MATCH_ANY);
}

static void sleep_in_kernel(struct zag_wait *w, zag_time deadline)
{
	long r;

	while (zag_wait_reason(w) == ZAG_WAKE_NONE) {
		r = zag_futex_sleep(&w->reason, ZAG_WAKE_NONE,
				    FUTEX_PRIVATE_FLAG, deadline, true);
		if (r == -ETIMEDOUT)
			claim(w, ZAG_WAKE_TIMEOUT);
		else if (r == -EINTR && !w->deaf)
			claim(w, ZAG_WAKE_SIGNAL);
	}
}

/* Apart, as all that seldom happens here: a fiber's parked frames stay small,
 * and what a wait pushes and pops is few. */
ZAG_NOINLINE static enum zag_wake sleep_native(struct zag_wait *w,
					       zag_time deadline)
{
	bool listens = !w->deaf && w->firm != ZAG_FIRM_LOCK;

	if (listens) {
		zag_store_rel(&native.wait, w);
		zag_asymmetric_fence();
		look_for_cancel(w);
	}
	sleep_in_kernel(w, deadline);
	if (listens)
		unlisten(&native.wait, &native.busy);
	return zag_wait_reason(w);
}

/* --- both --------------------------------------------------------------- */

int (*zag_wait_on_signal)(bool restartable);

void (*zag_wait_on_pending)(void);

void zag_wait_look(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (zag_unlikely(f && zag_sigmask_takes(f)) && zag_wait_on_pending &&
	    !zag_lock_depth)
		zag_wait_on_pending();
}

void zag_wait_over(void)
{
	zag_wait_open = false;
	zag_compiler_fence();
	zag_wait_look();
}

int zag_wait_interrupted(bool restartable)
{
	zag_wait_over();
	return zag_wait_on_signal && zag_fiber_self() ?
		       zag_wait_on_signal(restartable) :
		       -EINTR;
}

ZAG_NOINLINE static void park_until(struct zag_fiber *f, struct zag_wait *w,
				    zag_time deadline)
{
	struct zag_deadline d;

	/* Without memory for it, the wait would never end: a deadline that
	 * cannot be kept has passed. */
	if (!zag_deadline_add(&d, w, deadline))
		zag_wait_wake(w, ZAG_WAKE_TIMEOUT);
	zag_store_rlx(&f->why_until, zag_deadline_mono(deadline));
	zag_park();
	zag_store_rlx(&f->why_until, ZAG_NEVER);
	zag_deadline_remove(&d);
}

static inline enum zag_wake sleep_fiber(struct zag_fiber *f,
					struct zag_wait *w, zag_time deadline)
{
	ZAG_PROBE2(park, f->id, zag_load_rlx(&f->why));
	if (!w->deaf)
		listen(f, w);
	if (deadline == ZAG_NEVER)
		zag_park();
	else
		park_until(f, w, deadline);
	if (!w->deaf)
		unlisten(&f->sigwait, &f->sigbusy);
	zag_why_clear(f);
	ZAG_BUG_ON(zag_wait_reason(w) == ZAG_WAKE_NONE);
	return zag_wait_reason(w);
}

_Atomic(const struct zag_wait_observer *) zag_wait_observer;

ZAG_COLD static enum zag_wake sleep_observed(struct zag_fiber *f,
					     struct zag_wait *w,
					     zag_time deadline)
{
	const struct zag_wait_observer *o = zag_load_acq(&zag_wait_observer);
	struct zag_wait_note note;
	enum zag_wake reason;

	if (!o)
		return sleep_fiber(f, w, deadline);
	note = o->begin(f);
	reason = sleep_fiber(f, w, deadline);
	o->end(&note);
	return reason;
}

static inline enum zag_wake sleep_until_woken(struct zag_fiber *f,
					      struct zag_wait *w,
					      zag_time deadline)
{
	return ZAG_OBSERVED &&
			       zag_unlikely(zag_load_rlx(&zag_wait_observer)) ?
		       sleep_observed(f, w, deadline) :
		       sleep_fiber(f, w, deadline);
}

/* Whether f's own time limits w: then it fails there, as if told to. */
static bool is_limited(const struct zag_fiber *f, const struct zag_wait *w)
{
	return zag_unlikely(f->expires != ZAG_NEVER) && !w->deaf &&
	       !(w->firm & ZAG_FIRM_COND) &&
	       !(zag_tcb_cancel_bits() & ZAG_CANCEL_SHIELDED);
}

enum zag_wake zag_wait_sleep(struct zag_wait *w, zag_time deadline)
{
	struct zag_fiber *f = w->fiber;
	enum zag_wake reason;

	if (!f)
		return sleep_native(w, deadline);
	if (!is_limited(f, w) || deadline < f->expires)
		return sleep_until_woken(f, w, deadline);
	reason = sleep_until_woken(f, w, f->expires);
	return reason == ZAG_WAKE_TIMEOUT ? ZAG_WAKE_FAIL : reason;
}

bool zag_wait_wake(struct zag_wait *w, enum zag_wake reason)
{
	struct zag_fiber *f = w->fiber;

	if (!claim(w, reason))
		return false;
	if (w->stands)
		return true; /* who ends it tells its carrier */
	if (f) {
		ZAG_PROBE1(wake, f->id);
		zag_unpark(f);
	} else {
		zag_futex_wake(&w->reason, 1);
	}
	return true;
}

bool zag_wait_cancel(struct zag_wait *w)
{
	if (!claim(w, ZAG_WAKE_READY)) {
		/* Somebody has, and will or did unpark us: take that. */
		if (w->fiber)
			zag_park();
		zag_wait_over();
		return false;
	}
	zag_wait_over();
	if (w->fiber) {
		zag_why_clear(w->fiber);
		zag_store_rlx(&w->fiber->state, ZAG_FIBER_RUNNING);
	}
	return true;
}

static int sleep_until(zag_time deadline, bool lock)
{
	struct zag_wait w;
	enum zag_wake reason;
	int err;

	do {
		zag_wait_begin(&w);
		if (lock)
			w.firm = ZAG_FIRM_LOCK;
		zag_why_default(&zag_why_sleep, 0);
		reason = zag_wait_sleep(&w, deadline);
		if (reason == ZAG_WAKE_SIGNAL && zag_wait_interrupted(false))
			return -EINTR;
	} while (reason == ZAG_WAKE_SIGNAL); /* a false alarm */
	err = zag_wake_errno(reason);
	return err == -ETIMEDOUT ? 0 : err;
}

int zag_sleep_until(zag_time deadline)
{
	return sleep_until(deadline, false);
}

int zag_sleep_firmly(zag_time deadline)
{
	return sleep_until(deadline, true);
}
