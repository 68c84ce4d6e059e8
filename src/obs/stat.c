/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters, read out. */
#include "config.h"

#include <string.h>

#include "base/raw.h"
#include "obs/command.h"
#include "sched/clock.h"
#include "sched/sched.h"

static void put_processor(struct zag_json *j, const struct zag_processor *p)
{
	static const char *const status[] = { "new", "running", "idle" };

	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "index", p->index);
	zag_json_str(j, "status", status[zag_load_acq(&p->status)]);
	zag_json_uint(j, "queued", zag_runq_length(&p->runq));
	zag_json_uint(j, "switches", zag_load_rlx(&p->tick));
	zag_json_uint(j, "steals", zag_load_rlx(&p->count.steals));
	zag_json_uint(j, "handoffs", zag_load_rlx(&p->count.handoffs));
	zag_json_uint(j, "polls", zag_load_rlx(&p->count.polls));
	zag_json_close(j, '}');
}

struct totals {
	uint64_t running, ready, parked, native, done, stack_bytes;
};

static void count(struct totals *t, const struct zag_look *l)
{
	if (l->native)
		t->native++;
	else if (l->state == ZAG_FIBER_RUNNING)
		t->running++;
	else if (l->state == ZAG_FIBER_READY ||
		 l->state == ZAG_FIBER_NOTIFIED)
		t->ready++;
	else if (l->state == ZAG_FIBER_DONE)
		t->done++;
	else
		t->parked++;
	t->stack_bytes += l->stack_size;
}

static void put_fibers(struct zag_json *j)
{
	struct zag_look_cursor c = { 0 };
	struct totals t = { 0 };
	struct zag_look l;

	while (zag_look_next(&c, &l))
		count(&t, &l);
	zag_json_open(j, "fibers", '{');
	zag_json_uint(j, "running", t.running);
	zag_json_uint(j, "ready", t.ready);
	zag_json_uint(j, "parked", t.parked);
	zag_json_uint(j, "native", t.native);
	zag_json_uint(j, "done", t.done);
	zag_json_close(j, '}');
	zag_json_uint(j, "live", zag_load_rlx(&zag_sched.fibers));
	zag_json_uint(j, "created", zag_fiber_made());
	zag_json_uint(j, "stack_bytes", t.stack_bytes);
}

/* Times by power of two: row i counts those below 2^i microseconds. */
static void put_times(struct zag_json *j, const char *key, size_t offset)
{
	zag_json_open(j, key, '[');
	for (int b = 0; b < ZAG_TIMES; b++) {
		uint64_t n = 0;

		for (uint32_t i = 0; i < zag_sched.count; i++) {
			const char *p = (char *)&zag_sched.processors[i];
			const struct zag_times *t =
				(const void *)(p + offset);

			n += zag_load_rlx(&t->count[b]);
		}
		zag_json_uint(j, NULL, n);
	}
	zag_json_close(j, ']');
}

/* Waits that have begun, by the call as a rule, else by what is waited for. */
static void put_waits(struct zag_json *j)
{
	zag_json_open(j, "calls", '{');
	for (unsigned k = 0; k < ZAG_WHY_COUNT; k++) {
		const struct zag_why *why = zag_whys[k];
		uint64_t n = zag_load_rlx(&zag_sched.waits[k]);

		for (uint32_t i = 0; i < zag_sched.count; i++)
			n += zag_load_rlx(&zag_sched.processors[i].waits[k]);
		zag_json_uint(j, why->call ? why->call : why->what, n);
	}
	zag_json_close(j, '}');
}

static uint64_t sum_of(size_t offset)
{
	uint64_t ticks = 0;

	for (uint32_t i = 0; i < zag_sched.count; i++) {
		const char *p = (char *)&zag_sched.processors[i];
		const struct zag_times *t = (const void *)(p + offset);

		ticks += zag_load_rlx(&t->sum);
	}
	return zag_clock_ns(ticks);
}

void zag_command_stat(struct zag_answer *a, char *argument)
{
	const size_t delay = offsetof(struct zag_processor, delays);
	const size_t park = offsetof(struct zag_processor, parks);
	struct zag_json *j = &a->json;

	(void)argument;
	zag_answer_accept(a);
	zag_json_uint(j, "uptime_ns",
		      zag_clock_ns(zag_arch_ticks() - zag_sched.born));
	put_fibers(j);
	zag_json_uint(j, "queued", zag_globq_length());
	zag_json_open(j, "processors", '[');
	for (uint32_t i = 0; i < zag_sched.count && zag_answer_room(a); i++)
		put_processor(j, &zag_sched.processors[i]);
	zag_json_close(j, ']');
	put_waits(j);
	put_times(j, "delays", delay);
	zag_json_uint(j, "delays_ns", sum_of(delay));
	put_times(j, "parks", park);
	zag_json_uint(j, "parks_ns", sum_of(park));
}
