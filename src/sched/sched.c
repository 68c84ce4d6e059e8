/* SPDX-License-Identifier: BSD-2-Clause */
/* Park, unpark, yield, exit: what fibers ask of the scheduler. */
#include "config.h"

#include "sched/sched.h"

#include <sched.h>
#include <string.h>

#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "sched/carrier.h"
#include "sched/clock.h"
#include "sched/monitor.h"
#include "sched/way.h"

struct zag_sched zag_sched;
struct zag_poller zag_poller;
void (*zag_sched_on_exit)(struct zag_fiber *f);
ZAG_TLS struct zag_carrier *zag_carrier_own;

enum {
	POLL_EVERY = 61,     /* switches between looks at the poller … */
	POLL_MIN_US = 100,   /* … but not more often than this … */
	POLL_MOST_US = 4000, /* … and not less often than this */
	STREAK_MOST = 32,    /* turns of `next` before the others' turn */
	EAGER = 8,	     /* quick turns that end eagerness */
	WAKE_MIN_US = 50,    /* between wake-ups for a queue */
	YIELD_MIN_US = 20,   /* between the kernel's yields */
	WAKE_LENGTH = 16,    /* queued that are worth one all the same */
	LATE_US = 200,	     /* a `next` that waited this long was late */
};

/* --- chaos -------------------------------------------------------------- */

uint64_t zag_sched_chaos;

bool zag_sched_chance(uint32_t n)
{
	static _Atomic uint64_t draws;
	uint64_t x;

	if (zag_likely(!zag_sched_chaos))
		return false;
	x = zag_sched_chaos + zag_add(&draws, 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9); /* splitmix64 */
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % n == 0;
}

/* --- the runtime's border ------------------------------------------------ */

/* A signal that came inside, and found no handler could run there. */
void zag_leave_slow(void)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);

	if (!was)
		zag_store_rlx(&c->missed, 0);
	zag_store_rlx(&c->in_runtime, was);
	if (!was && zag_lock_on_missed)
		zag_lock_on_missed();
}

/* --- choosing ----------------------------------------------------------- */

/* Learn whether a lone `next` has to wait here: then others are woken for it
 * at once.  A ping-pong of two fibers never needs that. */
static void learn(struct zag_processor *p, uint64_t since)
{
	if (!since)
		return;
	if (zag_arch_ticks() - since > LATE_US * zag_arch_ticks_per_us)
		p->eager = EAGER;
	else if (p->eager > 0)
		p->eager--;
}

static struct zag_fiber *pick_next(struct zag_processor *p)
{
	struct zag_fiber *f = zag_load_rlx(&p->runq.next);

	if (!f || p->streak >= STREAK_MOST || zag_sched_chance(3)) {
		p->streak = 0;
		f = zag_runq_get_first(&p->runq);
		return f ? f : zag_runq_get(&p->runq);
	}
	p->streak++;
	learn(p, zag_load_rlx(&p->runq.next_ticks));
	return zag_runq_get(&p->runq);
}

/*
 * A look at the poller finds again whatever is ready and has not been read, so
 * those that are queued should have their turn first, up to a bound.
 */
static bool poll_wanted(struct zag_processor *p, uint64_t since)
{
	uint64_t us = zag_arch_ticks_per_us;
	uint32_t turns = zag_load_rlx(&p->tick) - p->poll_tick;

	return since >= POLL_MOST_US * us ||
	       (since >= POLL_MIN_US * us && turns >= p->poll_turns);
}

/* Whether the carrier's scheduler should run before the next fiber, to look
 * at the poller and the global queue. */
static bool poll_due(struct zag_processor *p)
{
	uint64_t now;

	if (zag_likely(--p->until_poll))
		return false;
	p->until_poll = POLL_EVERY;
	p->now_ticks = now = zag_arch_ticks();
	zag_clock_set(now);
	p->poll_now = poll_wanted(p, now - p->poll_ticks);
	if (p->poll_now)
		p->poll_ticks = now;
	p->look_out = p->poll_now || zag_globq_length();
	return p->look_out;
}

/* --- switching ---------------------------------------------------------- */

static void run(struct zag_carrier *c, struct zag_fiber *f)
{
	struct zag_processor *p = c->processor;

	c->current = f;
	f->carrier = c;
	zag_store_rlx(&f->state, ZAG_FIBER_RUNNING);
	zag_count_one(&p->tick);
}

/* Leave the fiber f for `to` (NULL: the scheduler); back when f runs again. */
static void leave(struct zag_carrier *c, struct zag_fiber *f,
		  struct zag_fiber *to, enum zag_action action)
{
	c->action = action;
	c->prev = f;
	if (to) {
		run(c, to);
		to = zag_clock_switch(f, to);
		zag_arch_switch(&f->ctx, &to->ctx);
	} else {
		zag_clock_stop(f);
		c = f->carrier; /* the same: not kept on the stack */
		c->current = NULL;
		zag_arch_switch(&f->ctx, &c->ctx);
	}
	zag_carrier_finish_switch(f->carrier);
}

/* The fiber to go on with directly; NULL: let the scheduler decide. */
static struct zag_fiber *next_for(struct zag_carrier *c)
{
	struct zag_processor *p = c->processor;
	struct zag_fiber *f;

	if (zag_unlikely(!p)) {
		zag_carrier_native_left(c, c->current);
		return NULL;
	}
	if (poll_due(p))
		return NULL;
	f = pick_next(p);
	while (zag_unlikely(f && f->native) && zag_carrier_run_native(f))
		f = pick_next(p);
	return f;
}

/* For who counts blocking calls. */
static void count_wait(struct zag_processor *p, const struct zag_fiber *f)
{
	const struct zag_why *why = zag_load_rlx(&f->why);

	if (!ZAG_OBSERVED || zag_unlikely(!why))
		return;
	if (zag_likely(p))
		zag_count_one(&p->waits[why->index]);
	else
		zag_add(&zag_sched.waits[why->index], 1);
}

void zag_park(void)
{
	struct zag_fiber *f = zag_fiber_self();
	struct zag_carrier *c = f->carrier;
	uint32_t notified = ZAG_FIBER_NOTIFIED;

	zag_enter(c);
	if (zag_load_acq(&f->state) == ZAG_FIBER_NOTIFIED &&
	    zag_cas(&f->state, &notified, ZAG_FIBER_RUNNING)) {
		zag_leave(c, 0);
		return;
	}
	count_wait(c->processor, f);
	leave(c, f, next_for(c), ZAG_ACTION_PARK);
	zag_leave(f->carrier, 0);
	if (zag_sched_chance(4))
		zag_yield();
}

/*
 * Signals that came to f while it was in a queue: who sent them saw it there,
 * and left it to us.  Pairs with the membarrier in zag_wait_end.
 */
static void look(struct zag_fiber *f)
{
	zag_asymmetric_fence();
	if (zag_likely(!zag_load_rlx(&f->sigtold)))
		return;
	zag_store_rlx(&f->sigtold, false);
	if (zag_lock_on_missed)
		zag_lock_on_missed();
}

/* The kernel's yield is a system call: two fibers that take turns shall not
 * pay for it every time, nor for reading the counter.  One that is alone here
 * pays, as it does natively: whom it waits for may be on the same CPU. */
static bool long_since_yield(struct zag_processor *p)
{
	uint64_t now = zag_max(p->now_ticks, zag_clock_now());

	if (now - p->yield_ticks < YIELD_MIN_US * zag_arch_ticks_per_us)
		return false;
	p->yield_ticks = now;
	return true;
}

/*
 * Whether every fiber of the processor has had its turn since one of them did
 * anything but yield.  They wait for somebody elsewhere then, who may need the
 * CPU: a carrier that the kernel has preempted, another process.
 */
static bool all_have_yielded(void)
{
	struct zag_processor *p;
	bool all = false;
	uint32_t tick, queued, was;
	struct zag_carrier *c = zag_enter_self(&was);

	p = c->processor;
	if (p) {
		tick = zag_load_rlx(&p->tick);
		p->yields = tick == p->yield_tick + 1 ? p->yields + 1 : 0;
		p->yield_tick = tick;
		queued = zag_runq_length(&p->runq);
		all = p->yields >= queued && (!queued || long_since_yield(p));
		if (all)
			p->yields = 0;
	}
	zag_leave(c, was);
	return all;
}

void zag_sched_let_others_run(struct zag_fiber *f)
{
	struct zag_processor *p;
	struct zag_fiber *to;
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);

	p = c->processor;
	to = next_for(c);
	if (to || !p || p->look_out)
		leave(c, f, to, ZAG_ACTION_YIELD);
	else
		zag_store_rlx(&p->tick, zag_load_rlx(&p->tick) + 1);
	zag_leave(f->carrier, 0);
	look(f);
}

void zag_yield(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!f || all_have_yielded())
		zag_raw(SYS_sched_yield);
	if (f)
		zag_sched_let_others_run(f);
}

void zag_sched_exit(void)
{
	struct zag_fiber *f = zag_fiber_self();
	struct zag_carrier *c = f->carrier;

	zag_enter(c);
	leave(c, f, next_for(c), ZAG_ACTION_EXIT);
	__builtin_unreachable();
}

/* --- readying ----------------------------------------------------------- */

/*
 * Whether somebody should be woken for what was just queued on p.  Waking
 * costs both sides a system call: who was woken a moment ago is still about,
 * or will look here again before it sleeps.  So a burst is one wake-up, unless
 * things are known to wait too long here.
 */
static bool worth_waking(struct zag_processor *p, uint64_t now)
{
	const struct zag_runq *q = &p->runq;

	if (p->eager > 0)
		return true;
	if (zag_load_rlx(&q->head) == zag_load_rlx(&q->tail) ||
	    now - p->wake_ticks < WAKE_MIN_US * zag_arch_ticks_per_us)
		return false;
	p->wake_ticks = now;
	return true;
}

void zag_sched_wake_owed(void)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);

	zag_sched_wake_one();
	if (c)
		zag_leave(c, was);
}

/* A system call or two: not while the source that made a fiber ready holds its
 * lock, which others would wait for. */
static void wake_one_soon(void)
{
	if (zag_lock_depth)
		zag_lock_depth |= ZAG_LOCK_OWED;
	else
		zag_sched_wake_one();
}

static void ready_local(struct zag_carrier *c, struct zag_fiber *f)
{
	struct zag_processor *p = c->processor;
	bool idle = zag_load_rlx(&zag_sched.idle) != 0;
	bool urgent = zag_load_rlx(&f->urgent);
	uint64_t now = idle ? zag_arch_ticks() : 0;

	if (urgent)
		zag_store_rlx(&f->urgent, false);
	if ((c->current || urgent) && !zag_sched_chance(3))
		zag_runq_put_next(&p->runq, f, now);
	else
		zag_runq_put(&p->runq, f); /* the poller's: a batch, in order */
	if (idle && (worth_waking(p, now) || zag_sched_chance(4)))
		wake_one_soon();
}

bool zag_sched_worth_waking(uint64_t now)
{
	static _Atomic uint64_t last;

	if (now - zag_load_rlx(&last) < WAKE_MIN_US * zag_arch_ticks_per_us &&
	    zag_globq_length() < WAKE_LENGTH)
		return false;
	zag_store_rlx(&last, now);
	return true;
}

/* Queue f for anybody: the caller is a fiber whose carrier has no processor. */
static void ready_detached(struct zag_fiber *f)
{
	zag_globq_put(f);
	if (zag_sched_worth_waking(zag_arch_ticks()))
		wake_one_soon();
	else
		zag_monitor_poke(); /* it sees to what is missed */
}

bool zag_sched_may_stand(void)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);
	struct zag_processor *p = c->processor;
	bool may = !p || !zag_processor_queued(p) ||
		   zag_arch_ticks() >= p->stand_ticks;

	zag_leave(c, was);
	return may;
}

/* A `next` that waited meanwhile was not late: it was found to be better so. */
void zag_sched_has_stood(uint64_t since)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);
	struct zag_processor *p = c->processor;
	uint64_t now = zag_arch_ticks(), stood = now - since, queued;

	if (p) {
		p->stand_ticks = now + stood;
		queued = zag_load_rlx(&p->runq.next_ticks);
		if (queued)
			zag_store_rlx(&p->runq.next_ticks,
				      zag_min(queued + stood, now));
	}
	zag_leave(c, was);
}

/* --- readying, by anyone -------------------------------------------------- */

void zag_sched_ready(struct zag_fiber *f)
{
	struct zag_carrier *c;
	uint32_t was;

	zag_clock_ready(f);
	c = zag_enter_self(&was);
	if (!c) {
		zag_globq_put(f);
		wake_one_soon();
		return;
	}
	if (c->current && !zag_sched_breath)
		zag_sched_breath = zag_way_breath(c->processor);
	if (c->processor) {
		ready_local(c, f);
	} else {
		ready_detached(f);
	}
	zag_leave(c, was);
}

void zag_unpark(struct zag_fiber *f)
{
	uint32_t s = zag_load_acq(&f->state);

	for (;;) {
		if (s == ZAG_FIBER_PARKED) {
			if (zag_cas(&f->state, &s, ZAG_FIBER_READY)) {
				zag_sched_ready(f);
				return;
			}
		} else {
			ZAG_BUG_ON(s != ZAG_FIBER_PARKING);
			if (zag_cas(&f->state, &s, ZAG_FIBER_NOTIFIED))
				return;
		}
	}
}
