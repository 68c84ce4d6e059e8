/* SPDX-License-Identifier: BSD-2-Clause */
/* Time by state, where the clock has moved. */
#include "config.h"

#include "sched/clock.h"

struct zag_clock zag_clock = { .ticks = 1 };

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

void zag_clock_account_run(struct zag_fiber *f)
{
	uint64_t now = zag_clock_now();
	uint64_t since = zag_load_rlx(&f->since);
	uint64_t ready = zag_load_rlx(&f->ready_since);

	zag_count(&f->parked, between(since, ready));
	zag_count(&f->ready, between(zag_max(since, ready), now));
	zag_store_rlx(&f->since, now);
}

void zag_clock_account_stop(struct zag_fiber *f)
{
	uint64_t now = zag_clock_now();

	zag_count(&f->busy, between(zag_load_rlx(&f->since), now));
	zag_store_rlx(&f->since, now);
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
	zag_store_rlx(&f->why, NULL);
	zag_store_rlx(&f->why_until, INT64_MAX);
}
