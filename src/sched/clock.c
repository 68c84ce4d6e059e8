/* SPDX-License-Identifier: BSD-2-Clause */
/* Time by state, where the clock has moved. */
#include "config.h"

#include "sched/clock.h"

#include "sched/cputime.h"
#include "sched/sched.h"

struct zag_clock zag_clock = { .ticks = 1 };
_Atomic(const struct zag_tracer *) zag_clock_tracer;

void zag_clock_exact(bool on)
{
	if (on ? zag_add(&zag_clock.exact, 1) == 0
	       : zag_sub(&zag_clock.exact, 1) == 1)
		zag_store_rlx(&zag_clock.ticks, on ? 0 : zag_arch_ticks());
}

/* The clock may have been exact, and be behind now. */
static uint64_t between(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from) > 0 ? to - from : 0;
}

static void note(struct zag_times *t, uint64_t ticks)
{
	uint64_t us;
	int i;

	if (!ticks)
		return;
	us = ticks / zag_arch_ticks_per_us;
	i = us ? 64 - __builtin_clzll(us) : 0;
	zag_count(&t->count[zag_min(i, ZAG_TIMES - 1)], 1);
	zag_count(&t->sum, ticks);
}

void zag_clock_account_run(struct zag_fiber *f)
{
	uint64_t now = zag_clock_now();
	uint64_t since = zag_load_rlx(&f->since);
	uint64_t ready = zag_load_rlx(&f->ready_since);
	uint64_t parked = between(since, ready);
	uint64_t delay = between(zag_max(since, ready), now);
	struct zag_processor *p = f->carrier->processor;
	const struct zag_tracer *t = zag_load_acq(&zag_clock_tracer);

	zag_count(&f->parked, parked);
	zag_count(&f->ready, delay);
	zag_store_rlx(&f->since, now);
	if (p) {
		note(&p->parks, parked);
		note(&p->delays, delay);
	}
	if (zag_unlikely(t))
		t->run(f, since, ready, now);
	if (zag_unlikely(zag_cputime_on))
		zag_cputime_run(f);
}

void zag_clock_account_stop(struct zag_fiber *f)
{
	uint64_t now = zag_clock_now();
	uint64_t since = zag_load_rlx(&f->since);
	const struct zag_tracer *t = zag_load_acq(&zag_clock_tracer);

	zag_count(&f->busy, between(since, now));
	zag_store_rlx(&f->since, now);
	if (zag_unlikely(t))
		t->stop(f, since, now);
	if (zag_unlikely(zag_cputime_on))
		zag_cputime_stop(f);
}

struct zag_fiber *zag_clock_account_switch(struct zag_fiber *from,
					   struct zag_fiber *to)
{
	zag_clock_account_stop(from);
	zag_clock_account_run(to);
	return to;
}

uint64_t zag_clock_woken(struct zag_fiber *f)
{
	const struct zag_fiber *self = zag_fiber_self();

	f->waker = self ? (uint32_t)self->id : 0;
	return zag_arch_ticks();
}

void zag_clock_born(struct zag_fiber *f)
{
	uint64_t now = zag_clock_now();

	f->born = now;
	zag_store_rlx(&f->since, now);
	zag_store_rlx(&f->ready_since, now);
	zag_store_rlx(&f->busy, 0);
	zag_store_rlx(&f->ready, 0);
	zag_store_rlx(&f->parked, 0);
	zag_store_rlx(&f->switches, 0);
	zag_store_rlx(&f->cpu_time, 0);
	zag_store_rlx(&f->cpu_mark, 0);
	f->cpu_counts = false;
	zag_store_rlx(&f->why, NULL);
	zag_store_rlx(&f->why_until, INT64_MAX);
}
