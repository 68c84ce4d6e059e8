/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings of what happened, and trace events made of them. */
#include "config.h"

#include "obs/trace.h"

#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "obs/helper.h"
#include "sched/clock.h"
#include "sched/sched.h"

enum {
	EVENTS = 1 << 15, /* in a ring */
	ROW = 2048,	  /* of text for one of them, at most */
	PIECE = 256 * 1024,
	/* Chrome's "processes": one for processors, one for fibers. */
	PROCESSORS = 1,
	FIBERS = 2,
};

enum what { RAN, WAITED };

struct event {
	_Atomic uint64_t seq; /* its number, from 1; 0: being written */
	uint64_t id;
	uint64_t from, ready, to; /* ticks */
	const struct zag_why *why;
	uintptr_t arg;
	uint32_t waker; /* id of the fiber that ended the wait; 0: none */
	uint16_t processor;
	uint8_t what;
	char name[16];
};

/* One a processor, and one for carriers without. */
struct ring {
	ZAG_ALIGNED(ZAG_CACHE_LINE) _Atomic uint64_t next;
	struct event *events;
};

static struct ring *rings;
static _Atomic uint32_t wanted;
static uint64_t began; /* ticks that are time 0 */

/* --- recording ---------------------------------------------------------- */

static struct ring *ring_of(const struct zag_fiber *f, uint16_t *index)
{
	const struct zag_processor *p = f->carrier->processor;

	*index = (uint16_t)(p ? p->index : zag_sched.count);
	return &rings[*index];
}

static void record(const struct zag_fiber *f, enum what what, uint64_t from,
		   uint64_t ready, uint64_t to)
{
	uint16_t index;
	struct ring *r = ring_of(f, &index);
	uint64_t seq = zag_add(&r->next, 1);
	struct event *e = &r->events[seq % EVENTS];

	zag_store_rlx(&e->seq, 0);
	zag_compiler_fence();
	e->id = f->id;
	e->from = from;
	e->ready = ready;
	e->to = to;
	e->why = zag_load_rlx(&f->why);
	e->arg = zag_load_rlx(&f->why_arg);
	e->waker = f->waker;
	e->processor = index;
	e->what = (uint8_t)what;
	memcpy(e->name, f->name, sizeof(e->name));
	zag_store_rel(&e->seq, seq + 1);
}

static void on_run(const struct zag_fiber *f, uint64_t from, uint64_t ready,
		   uint64_t to)
{
	record(f, WAITED, from, ready, to);
}

static void on_stop(const struct zag_fiber *f, uint64_t from, uint64_t to)
{
	record(f, RAN, from, to, to);
}

static const struct zag_tracer tracer = { on_run, on_stop };

static bool make_rings(void)
{
	uint32_t n = zag_sched.count + 1;
	struct ring *all;

	if (rings)
		return true;
	all = zag_page_alloc(n * sizeof(*all));
	for (uint32_t i = 0; all && i < n; i++) {
		all[i].events = zag_page_alloc(EVENTS * sizeof(struct event));
		if (!all[i].events)
			return false; /* the rest is kept, unused */
	}
	began = zag_arch_ticks();
	rings = all;
	return rings;
}

bool zag_trace_start(void)
{
	if (!make_rings())
		return false;
	if (zag_add(&wanted, 1) == 0)
		zag_store_rel(&zag_clock_tracer, &tracer);
	zag_clock_exact(true);
	return true;
}

void zag_trace_stop(void)
{
	zag_clock_exact(false);
	if (zag_sub(&wanted, 1) == 1)
		zag_store_rel(&zag_clock_tracer, NULL);
}

/* --- trace events ------------------------------------------------------- */

/* Microseconds with three digits behind the point, as the format has them. */
static void put_time(struct zag_json *j, const char *key, uint64_t ticks)
{
	uint64_t ns = (int64_t)ticks > 0 ? zag_clock_ns(ticks) : 0;
	char text[40];

	zag_format(text, sizeof(text), "%lu.%lu%lu%lu", ns / 1000,
		   ns / 100 % 10, ns / 10 % 10, ns % 10);
	zag_json_raw(j, key, text);
}

static void put_head(struct zag_json *j, const char *phase, int process,
		     uint64_t track, const char *name)
{
	zag_json_open(j, NULL, '{');
	zag_json_str(j, "ph", phase);
	zag_json_int(j, "pid", process);
	zag_json_uint(j, "tid", track);
	zag_json_str(j, "name", name);
}

static void put_span(struct zag_json *j, int process, uint64_t track,
		     const char *name, uint64_t from, uint64_t to)
{
	put_head(j, "X", process, track, name);
	put_time(j, "ts", from - began);
	put_time(j, "dur", to - from);
	zag_json_close(j, '}');
}

static void put_name(struct zag_json *j, const char *what, int process,
		     uint64_t track, const char *name)
{
	put_head(j, "M", process, track, what);
	zag_json_open(j, "args", '{');
	zag_json_str(j, "name", name);
	zag_json_close(j, '}');
	zag_json_close(j, '}');
}

static void put_names(struct zag_json *j)
{
	char text[32];

	put_name(j, "process_name", PROCESSORS, 0, "processors");
	put_name(j, "process_name", FIBERS, 0, "fibers");
	for (uint32_t i = 0; i < zag_sched.count && i < 64; i++) {
		zag_format(text, sizeof(text), "processor %u", i);
		put_name(j, "thread_name", PROCESSORS, i, text);
	}
	put_name(j, "thread_name", PROCESSORS, zag_sched.count, "native");
}

static void put_fiber_name(struct zag_json *j, const struct event *e)
{
	char text[48], name[17];

	memcpy(name, e->name, 16);
	name[16] = '\0';
	zag_format(text, sizeof(text), "%s %lu", name, (unsigned long)e->id);
	put_name(j, "thread_name", FIBERS, e->id, text);
}

static void put_ran(struct zag_json *j, const struct event *e)
{
	char text[32];

	zag_format(text, sizeof(text), "fiber %lu", (unsigned long)e->id);
	put_span(j, PROCESSORS, e->processor, text, e->from, e->to);
	put_span(j, FIBERS, e->id, "running", e->from, e->to);
}

static void describe(const struct event *e, char *text, size_t size)
{
	const struct zag_why *why = e->why;

	if (!why)
		zag_format(text, size, "starting");
	else if (why->arg == ZAG_ARG_FD && e->arg != UINTPTR_MAX)
		zag_format(text, size, "%s fd %d", why->what, (int)e->arg);
	else if (why->arg == ZAG_ARG_MUTEX || why->arg == ZAG_ARG_RWLOCK ||
		 why->arg == ZAG_ARG_ADDRESS)
		zag_format(text, size, "%s 0x%lx", why->what,
			   (unsigned long)e->arg);
	else
		zag_format(text, size, "%s", why->what);
}

/* An arrow from who ended the wait to where it goes on. */
static void put_arrow(struct zag_json *j, const struct event *e)
{
	uint64_t id = e->id << 32 ^ (e->ready - began);

	if (!e->waker)
		return;
	put_head(j, "s", FIBERS, e->waker, "wake");
	zag_json_str(j, "cat", "wake");
	zag_json_uint(j, "id", id & INT64_MAX);
	put_time(j, "ts", e->ready - began);
	zag_json_close(j, '}');
	put_head(j, "f", FIBERS, e->id, "wake");
	zag_json_str(j, "cat", "wake");
	zag_json_str(j, "bp", "e");
	zag_json_uint(j, "id", id & INT64_MAX);
	put_time(j, "ts", e->to - began);
	zag_json_close(j, '}');
}

static void put_waited(struct zag_json *j, const struct event *e)
{
	char text[64];

	if ((int64_t)(e->ready - e->from) > 0) {
		describe(e, text, sizeof(text));
		put_span(j, FIBERS, e->id, text, e->from, e->ready);
		put_arrow(j, e);
	}
	put_span(j, FIBERS, e->id, "ready", zag_max(e->from, e->ready), e->to);
}

static void put_event(struct zag_json *j, struct zag_trace_cursor *c,
		      const struct event *e, uint64_t from)
{
	if ((int64_t)(e->to - from) < 0 || (int64_t)(e->from - began) < 0)
		return;
	if (e->what == RAN) {
		put_ran(j, e);
	} else {
		if (c->named_ids[e->id % ZAG_TRACE_NAMES] != e->id)
			put_fiber_name(j, e);
		c->named_ids[e->id % ZAG_TRACE_NAMES] = e->id;
		put_waited(j, e);
	}
}

/* A copy that was not written to meanwhile. */
static bool take(const struct ring *r, uint64_t seq, struct event *copy)
{
	const struct event *e = &r->events[seq % EVENTS];

	if (zag_load_acq(&e->seq) != seq + 1)
		return false;
	memcpy(copy, e, sizeof(*copy));
	zag_fence();
	return zag_load_acq(&e->seq) == seq + 1;
}

bool zag_trace_put(struct zag_json *j, struct zag_trace_cursor *c,
		   uint64_t from)
{
	struct event e;

	if (!c->named)
		put_names(j);
	c->named = true;
	for (; c->ring <= zag_sched.count; c->ring++, c->begun = false) {
		const struct ring *r = &rings[c->ring];
		uint64_t end = zag_load_acq(&r->next);

		if (!c->begun)
			c->at = end > EVENTS ? end - EVENTS : 0;
		c->begun = true;
		for (; c->at < end; c->at++) {
			if (j->end - j->at < ROW)
				return true;
			if (take(r, c->at, &e))
				put_event(j, c, &e, from);
		}
	}
	return false;
}

/* --- the file at exit --------------------------------------------------- */

static void write_events(int fd, char *buf)
{
	struct zag_trace_cursor c = { 0 };
	struct zag_json j;
	bool more, first = true;

	do {
		zag_json_init(&j, buf, PIECE);
		if (first) {
			zag_json_open(&j, NULL, '{');
			zag_json_str(&j, "displayTimeUnit", "ns");
			zag_json_open(&j, "traceEvents", '[');
		} else {
			j.more = true;
		}
		first = false;
		more = zag_trace_put(&j, &c, began);
		if (!more) {
			zag_json_close(&j, ']');
			zag_json_close(&j, '}');
		}
		zag_helper_write(fd, buf, j.at);
	} while (more);
}

void zag_trace_begin(void)
{
	if (zag_opt.trace[0])
		zag_trace_start();
}

void zag_trace_end(void)
{
	char path[ZAG_OPT_FILE_SIZE + 32];
	char *buf;
	long fd;

	if (!zag_opt.trace[0] || !rings || !zag_load_acq(&zag_sched.running))
		return;
	zag_trace_stop();
	zag_helper_path(zag_opt.trace, path, sizeof(path));
	fd = zag_raw(SYS_openat, AT_FDCWD, path,
		     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	buf = zag_page_alloc(PIECE);
	if (fd < 0 || !buf) {
		zag_log(ZAG_LOG_ERROR, "no timeline in %s: error %ld", path,
			-fd);
		return;
	}
	write_events((int)fd, buf);
	zag_raw(SYS_close, fd);
}
