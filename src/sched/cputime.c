/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU time of fibers. */
#include "config.h"

#include "sched/cputime.h"

#include <time.h>

#include "base/atomic.h"
#include "base/raw.h"
#include "sched/clock.h"
#include "sched/sched.h"

bool zag_cputime_on;

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	if (zag_raw(SYS_clock_gettime, clock, &ts))
		return 0;
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void zag_cputime_run(struct zag_fiber *f)
{
	if (!f->cpu_counts)
		zag_store_rlx(&f->cpu_time,
			      (int64_t)zag_clock_ns(zag_load_rlx(&f->busy)));
	f->cpu_counts = true;
	zag_store_rlx(&f->cpu_mark, read_clock(CLOCK_THREAD_CPUTIME_ID));
}

static int64_t since_mark(struct zag_fiber *f, clockid_t clock)
{
	int64_t mark = zag_load_rlx(&f->cpu_mark);
	int64_t used = mark ? read_clock(clock) - mark : 0;

	return zag_max(used, INT64_C(0));
}

void zag_cputime_stop(struct zag_fiber *f)
{
	zag_count(&f->cpu_time, since_mark(f, CLOCK_THREAD_CPUTIME_ID));
	zag_store_rlx(&f->cpu_mark, 0);
}

static void begin(void)
{
	static _Atomic bool begun;

	if (zag_xchg(&begun, true))
		return;
	zag_cputime_on = true;
	zag_clock_exact(true); /* then no switch goes by unseen */
}

/* What another's carrier has used since: that one may just have left it. */
static int64_t running(struct zag_fiber *f)
{
	struct zag_carrier *c = f->carrier;

	if (zag_load_acq(&f->state) != ZAG_FIBER_RUNNING || !c)
		return 0;
	return since_mark(f, (clockid_t)(~c->tid << 3 | 6));
}

static int64_t own(struct zag_fiber *f)
{
	uint32_t was; /* no switch, no handler in between */
	struct zag_carrier *c = zag_enter_self(&was);
	int64_t t;

	if (!zag_load_rlx(&f->cpu_mark))
		zag_cputime_run(f);
	t = zag_load_rlx(&f->cpu_time) +
	    since_mark(f, CLOCK_THREAD_CPUTIME_ID);
	zag_leave(c, was);
	return t;
}

int64_t zag_cputime(struct zag_fiber *f)
{
	begin();
	if (f == zag_fiber_self())
		return own(f);
	if (!f->cpu_counts)
		return (int64_t)zag_clock_ns(zag_load_rlx(&f->busy));
	return zag_load_rlx(&f->cpu_time) + running(f);
}
