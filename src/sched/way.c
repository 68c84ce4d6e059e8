/* SPDX-License-Identifier: BSD-2-Clause */
/* Who gives way to others that could run, and when. */
#include "config.h"

#include "sched/way.h"

#include "sched/carrier.h"
#include "sched/sched.h"

enum {
	BREATH = 64,	/* most unlocked mutexes till one gives way … */
	ALONE_US = 200, /* … without a processor not before this */
	WAY_US = 20,	/* … and with one not more often than this */
	TURN_US = 200,	/* a turn of calls that find all they ask for … */
	CALLS = 8,	/* … most of them between looks at the counter … */
	CALLS_US = 50,	/* … unless so many take longer than this */
};

ZAG_TLS uint32_t zag_sched_breath;
ZAG_TLS uint32_t zag_sched_calls;

/* Another number each time: whoever gave way every so many turns of a loop would
 * always do so at the same place, where it has taken again what others want. */
static uint32_t some(uint32_t most)
{
	static ZAG_TLS uint32_t random;

	random = random * 1664525 + 1013904223;
	return 1 + (random >> 16) % most;
}

uint32_t zag_way_breath(const struct zag_processor *p)
{
	uint64_t now = zag_arch_ticks();

	if (p && now - p->way_ticks >= TURN_US * zag_arch_ticks_per_us)
		return 1;
	return some(BREATH);
}

/* Whether the caller is to let others run, as `wanted` finds. */
static bool ask(struct zag_fiber *f, bool (*wanted)(struct zag_carrier *))
{
	struct zag_carrier *c;
	uint32_t was;
	bool is;

	if (!f || zag_lock_depth)
		return false;
	c = zag_enter_self(&was);
	is = wanted(c);
	zag_leave(c, was);
	return is;
}

/* On a kernel thread of its own, which delays nobody, but may keep others from
 * what they need: not too often, and those it has queued may still wait. */
static bool gives_way_alone(struct zag_carrier *c)
{
	uint64_t now = zag_arch_ticks();

	if (now - c->given_ticks >= ALONE_US * zag_arch_ticks_per_us)
		return true;
	if (zag_globq_length()) {
		zag_sched_breath = some(BREATH);
		if (zag_sched_worth_waking(now))
			zag_sched_wake_one();
	}
	return false;
}

/*
 * On a processor: a switch every so many mutexes would cost more than they do,
 * and a lock wanted by two processors would change hands each time.
 */
static bool gives_way_here(struct zag_processor *p)
{
	uint64_t now;

	if (zag_runq_length(&p->runq) == 0)
		return false;
	now = zag_arch_ticks();
	if (now - p->way_ticks < WAY_US * zag_arch_ticks_per_us) {
		zag_sched_breath = some(BREATH);
		return false;
	}
	p->way_ticks = now;
	p->until_poll = 1; /* nor may the poller wait */
	return true;
}

static bool gives_way(struct zag_carrier *c)
{
	return c->processor ? gives_way_here(c->processor) : gives_way_alone(c);
}

void zag_sched_give_way(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (ask(f, gives_way))
		zag_sched_let_others_run(f);
}

/* Whether this turn has been long, and somebody wants another. */
static bool is_long_turn(struct zag_processor *p)
{
	uint32_t tick = zag_load_rlx(&p->tick);
	uint64_t now = zag_arch_ticks();

	if (tick == p->turn &&
	    now - p->turn_ticks < TURN_US * zag_arch_ticks_per_us)
		return false;
	p->turn_ticks = now;
	if (tick != p->turn) {
		p->turn = tick;
		return false;
	}
	if (!zag_processor_wanted(p) && !zag_processor_others_stand(p))
		return false;
	p->until_poll = 1;
	return true;
}

static bool ends_turn(struct zag_carrier *c)
{
	return (c->processor && is_long_turn(c->processor)) ||
	       zag_sched_chance(8);
}

void zag_sched_look_at_turn(void)
{
	static ZAG_TLS uint64_t looked;
	struct zag_fiber *f = zag_fiber_self();
	uint64_t now = zag_arch_ticks();
	bool slow = now - looked >= CALLS_US * zag_arch_ticks_per_us;

	looked = now;
	zag_sched_calls = slow ? 0 : some(CALLS);
	if (ask(f, ends_turn))
		zag_sched_let_others_run(f);
}
