/* SPDX-License-Identifier: BSD-2-Clause */
/* Carriers: the scheduler's loop, and how processors change hands. */
#include "config.h"

#include "sched/carrier.h"

#include <linux/membarrier.h>

#include "base/raw.h"
#include "sched/clock.h"
#include "sched/monitor.h"
#include "sched/sched.h"
#include "sched/spare.h"

enum {
	STEAL_ROUNDS = 4,
	STANDS_US = 250, /* a processor without a switch for so long stands */
	PATIENCE_US = 5, /* how long a lone `next` is left to its processor */
	GLOBAL_BATCH = 64,
	NATIVE_TURNS = 16, /* quick turns after which a fiber is trusted again */
	STUCK_US = 2000,   /* a turn longer than this was not quick */
};

/* --- work for a scheduler ---------------------------------------------- */

static bool work_anywhere(void)
{
	if (zag_globq_length())
		return true;
	for (uint32_t i = 0; i < zag_sched.count; i++) {
		const struct zag_runq *q = &zag_sched.processors[i].runq;

		if (zag_load_acq(&q->head) != zag_load_acq(&q->tail))
			return true;
	}
	return false;
}

static void stop_searching(struct zag_carrier *c, bool found)
{
	if (!c->searching)
		return;
	c->searching = false;
	/* The last one that found something passes the search on if there is
	 * more: who queued it may have relied on us. */
	if (zag_sub(&zag_sched.searching, 1) != 1 || !found)
		return;
	zag_fence_after_rmw();
	if (work_anywhere())
		zag_sched_wake_one();
}

static struct zag_fiber *steal(struct zag_processor *p, bool last_round)
{
	uint64_t patience = last_round ? PATIENCE_US * zag_arch_ticks_per_us
				       : UINT64_MAX;
	uint32_t start = p->random = p->random * 1664525 + 1013904223;

	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_processor *v =
			&zag_sched.processors[(start + i) % zag_sched.count];
		struct zag_fiber *f;

		if (v == p)
			continue;
		f = zag_runq_steal(&p->runq, &v->runq, patience);
		if (f) {
			zag_count(&p->count.steals, 1);
			return f;
		}
	}
	return NULL;
}

static struct zag_fiber *local_work(struct zag_processor *p)
{
	struct zag_fiber *f = zag_runq_get(&p->runq);

	return f ? f : zag_globq_get(&p->runq, GLOBAL_BATCH);
}

static void note_poll(struct zag_processor *p)
{
	p->poll_tick = zag_load_rlx(&p->tick);
	p->poll_turns = zag_runq_length(&p->runq);
}

static bool stands(struct zag_processor *v, uint64_t now)
{
	uint64_t tick = zag_load_rlx(&v->tick);

	if (zag_load_rlx(&v->status) != ZAG_PROCESSOR_RUNNING)
		return false;
	if (tick != zag_load_rlx(&v->stood_tick)) {
		zag_store_rlx(&v->stood_tick, tick);
		zag_store_rlx(&v->stood_ticks, now);
	}
	return now - zag_load_rlx(&v->stood_ticks) >=
		       STANDS_US * zag_arch_ticks_per_us ||
	       zag_sched_chance(4);
}

bool zag_processor_others_stand(const struct zag_processor *p)
{
	uint64_t now = zag_arch_ticks();
	bool any = false;

	for (uint32_t i = 0; i < zag_sched.count; i++)
		if (i != p->index)
			any |= stands(&zag_sched.processors[i], now);
	return any;
}

/*
 * Where the kernel lets two carriers share a CPU, one stands for as long as the
 * other runs, which may be milliseconds: who is queued there, or becomes ready,
 * is looked after by who runs.
 */
static void relieve_others(struct zag_processor *p)
{
	uint64_t now = zag_arch_ticks();

	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_processor *v = &zag_sched.processors[i];
		struct zag_fiber *f = NULL;

		if (v == p || !stands(v, now))
			continue;
		if (zag_runq_length(&p->runq) <= ZAG_RUNQ_SIZE / 2)
			f = zag_runq_steal(&p->runq, &v->runq, 0);
		if (f)
			zag_runq_put(&p->runq, f);
		zag_poller.poll_other(v);
	}
}

static void ask_poller(struct zag_processor *p)
{
	p->poll_now = false;
	zag_poller.poll(p, false);
	relieve_others(p);
	note_poll(p);
}

/*
 * The look at the outside that is due every so many switches, so that a busy
 * local queue starves neither I/O nor the global queue.  What overflowed to
 * the latter came before what the poller has now.
 */
static struct zag_fiber *outside_work(struct zag_processor *p)
{
	struct zag_fiber *f;

	if (!p->look_out)
		return NULL;
	p->look_out = false;
	f = zag_globq_get(&p->runq, GLOBAL_BATCH);
	if (p->poll_now)
		ask_poller(p);
	return f;
}

/* Look at every other loop that its own carrier may be too busy for. */
static struct zag_fiber *poll_others(struct zag_processor *p)
{
	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_processor *v = &zag_sched.processors[i];

		if (v != p &&
		    zag_load_rlx(&v->status) == ZAG_PROCESSOR_RUNNING &&
		    zag_poller.poll_other(v))
			return zag_runq_get(&p->runq);
	}
	return NULL;
}

static struct zag_fiber *search(struct zag_carrier *c, struct zag_processor *p)
{
	struct zag_fiber *f = NULL;

	if (!c->searching) {
		c->searching = true;
		zag_add(&zag_sched.searching, 1);
	}
	for (int i = 0; i < STEAL_ROUNDS && !f; i++)
		f = steal(p, i == STEAL_ROUNDS - 1);
	return f;
}

/* No more an idle processor; false: somebody has woken us, and counted us as
 * searching. */
static bool unidle(struct zag_processor *p)
{
	uint32_t idle = ZAG_PROCESSOR_IDLE;

	if (!zag_cas(&p->status, &idle, ZAG_PROCESSOR_RUNNING))
		return false;
	zag_sub(&zag_sched.idle, 1);
	zag_monitor_poke();
	return true;
}

/*
 * Sleep in the poller.  Whoever queues work looks at sched.idle after, we look
 * at the queues after we are counted there: one sees the other.
 */
static void idle(struct zag_carrier *c, struct zag_processor *p)
{
	zag_store_rel(&p->status, ZAG_PROCESSOR_IDLE);
	zag_add(&zag_sched.idle, 1);
	stop_searching(c, false);
	zag_fence();
	if (!work_anywhere())
		zag_poller.poll(p, true);
	if (!unidle(p))
		c->searching = true;
	p->poll_ticks = zag_arch_ticks();
	note_poll(p);
}

/* What has come in for us goes before what others have; where they have
 * nothing, idle()'s look is enough. */
static struct zag_fiber *find_work(struct zag_carrier *c,
				   struct zag_processor *p)
{
	struct zag_fiber *f = outside_work(p);

	while (!f) {
		f = local_work(p);
		if (!f && work_anywhere()) {
			zag_poller.poll(p, false);
			note_poll(p);
			f = local_work(p);
			if (!f)
				f = search(c, p);
		}
		if (!f)
			f = poll_others(p);
		if (!f)
			idle(c, p);
	}
	stop_searching(c, true);
	return f;
}

/* --- the loop ----------------------------------------------------------- */

void zag_carrier_finish_switch(struct zag_carrier *c)
{
	struct zag_fiber *f = c->prev;
	uint32_t parking = ZAG_FIBER_PARKING;
	enum zag_action action = c->action;

	c->action = ZAG_ACTION_NONE;
	switch (action) {
	case ZAG_ACTION_PARK:
		if (zag_likely(zag_cas(&f->state, &parking,
				       ZAG_FIBER_PARKED)))
			break;
		zag_store_rlx(&f->state, ZAG_FIBER_READY);
		zag_sched_ready(f);
		break;
	case ZAG_ACTION_YIELD:
		zag_store_rlx(&f->state, ZAG_FIBER_READY);
		if (c->processor) {
			if (!c->current && c->processor->poll_now)
				ask_poller(c->processor); /* they were first */
			zag_runq_put(&c->processor->runq, f);
		} else {
			zag_globq_put(f);
			zag_fence_after_rmw(); /* pairs with idle()'s */
		}
		if (zag_load_rlx(&zag_sched.idle))
			zag_sched_wake_one();
		break;
	case ZAG_ACTION_EXIT:
		zag_sched_on_exit(f);
		break;
	case ZAG_ACTION_NONE:
		break;
	}
}

static void run_fiber(struct zag_carrier *c, struct zag_fiber *f)
{
	c->current = f;
	f->carrier = c;
	zag_clock_run(f);
	zag_store_rlx(&f->state, ZAG_FIBER_RUNNING);
	zag_arch_switch(&c->ctx, &f->ctx);
	zag_carrier_finish_switch(c);
}

static void run_given(struct zag_carrier *c)
{
	struct zag_fiber *f = c->given;

	c->given = NULL;
	c->given_ticks = zag_arch_ticks();
	run_fiber(c, f);
}

static void run_next(struct zag_carrier *c, struct zag_processor *p)
{
	struct zag_fiber *f = find_work(c, p);

	zag_store_rlx(&p->tick, zag_load_rlx(&p->tick) + 1);
	if (!f->native || !zag_carrier_run_native(f))
		run_fiber(c, f);
}

void zag_carrier_main(void *carrier)
{
	struct zag_carrier *c = carrier;

	/* Entered for the first time by a fiber that leaves an adopted
	 * carrier, or by a new kernel thread with nothing to finish. */
	zag_carrier_finish_switch(c);
	for (;;) {
		if (c->processor) {
			run_next(c, c->processor);
		} else if (c->given) {
			run_given(c);
		} else {
			stop_searching(c, true);
			zag_spare_wait(c);
		}
	}
}

/* --- kernel threads for fibers that are known to get stuck -------------- */

/* A turn without getting stuck counts towards being a fiber again. */
void zag_carrier_native_left(struct zag_carrier *c, struct zag_fiber *f)
{
	uint64_t us = (zag_arch_ticks() - c->given_ticks) /
		      zag_arch_ticks_per_us;

	if (f->native && us < STUCK_US)
		f->native--;
}

/* --- handoff ------------------------------------------------------------ */

bool zag_enter_fence;

void zag_membarrier(void)
{
	if (!zag_enter_fence)
		zag_raw(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	zag_fence();
}

void zag_carrier_init(void)
{
	zag_enter_fence =
		zag_raw(SYS_membarrier,
			MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0;
}

void zag_carrier_reset(void)
{
	zag_spare_reset();
}

/* The monitor may be half-way through taking the processor: wait for its
 * decision, c->processor tells. */
void zag_enter_slow(struct zag_carrier *c)
{
	zag_lock(&c->lock);
	zag_unlock(&c->lock);
}

bool zag_carrier_take(struct zag_carrier *c, struct zag_processor *p)
{
	bool took = false;

	if (!zag_carrier_reserve(1))
		return false;
	zag_lock(&c->lock);
	if (c->processor == p && c->current &&
	    !zag_load_rlx(&c->in_runtime)) {
		zag_store_rel(&c->taken, 1);
		zag_membarrier();
		took = !zag_load_acq(&c->in_runtime);
		if (took) {
			zag_store_rel(&p->carrier, NULL);
			c->processor = NULL;
			c->given_ticks = 0; /* stuck for long already */
			c->current->native = NATIVE_TURNS;
		}
		if (!took)
			zag_store_rel(&c->taken, 0);
	}
	zag_unlock(&c->lock);
	return took;
}

bool zag_processor_queued(struct zag_processor *p)
{
	return zag_runq_length(&p->runq) || zag_globq_length();
}

bool zag_processor_wanted(struct zag_processor *p)
{
	return zag_processor_queued(p) || zag_poller.busy(p);
}

/* Nobody takes p from who is in the runtime; the lock is for the monitor, which
 * looks at c->processor. */
static void hand_on(struct zag_carrier *c, struct zag_processor *p)
{
	zag_lock(&c->lock);
	c->processor = NULL;
	zag_unlock(&c->lock);
	c->given_ticks = zag_arch_ticks();
	if (zag_carrier_start(p, false))
		return;
	zag_lock(&c->lock);
	c->processor = p;
	zag_store_rel(&p->carrier, c);
	zag_unlock(&c->lock);
}

void zag_carrier_hand_on(void)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);
	struct zag_processor *p = c->processor;

	if (p && (zag_processor_wanted(p) || zag_sched_chance(2)))
		hand_on(c, p);
	zag_leave(c, was);
}

/* --- waking ------------------------------------------------------------- */

static bool wake_any(void)
{
	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_processor *p = &zag_sched.processors[i];
		uint32_t status = zag_load_rlx(&p->status);

		if (status == ZAG_PROCESSOR_RUNNING ||
		    !zag_cas(&p->status, &status, ZAG_PROCESSOR_RUNNING))
			continue;
		zag_sub(&zag_sched.idle, 1);
		zag_monitor_poke();
		if (status == ZAG_PROCESSOR_IDLE) {
			zag_poller.wake(p);
			return true;
		}
		if (zag_carrier_start(p, true))
			return true;
		zag_store_rel(&p->status, ZAG_PROCESSOR_NEW);
		zag_add(&zag_sched.idle, 1);
	}
	return false;
}

/* A second time: a processor may have gone idle behind our back, and who
 * queued work then has relied on us, whom it saw searching. */
static void wake_one(uint32_t enough)
{
	uint32_t idle, none;

	for (int i = 0; i < 2; i++) {
		zag_fence(); /* pairs with the one in idle() */
		idle = zag_load_rlx(&zag_sched.idle);
		none = 0;
		if (!idle || zag_sched.count - idle >= enough ||
		    zag_load_rlx(&zag_sched.searching) ||
		    !zag_cas(&zag_sched.searching, &none, 1) || wake_any())
			return;
		zag_sub(&zag_sched.searching, 1);
	}
}

/* One more than there are CPUs would run in turns with those that are awake,
 * each of which comes for the work before it sleeps. */
void zag_sched_wake_one(void)
{
	wake_one(zag_sched_chance(2) ? UINT32_MAX : zag_sched.cpus);
}

void zag_sched_wake_another(void)
{
	wake_one(UINT32_MAX);
}
