/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The deadlock report.  It is made when the process has been idle for long, and
 * only if nothing could wake it: each fiber is parked, without a deadline, for
 * what only this process can give; there is no kernel thread that is not ours;
 * and no signal has a handler, which may wake anybody.
 */
#include "config.h"

#include "obs/deadlock.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/page.h"
#include "base/peek.h"
#include "base/procdir.h"
#include "base/raw.h"
#include "ctl/signal.h"
#include "obs/describe.h"
#include "obs/helper.h"
#include "obs/json.h"
#include "obs/look.h"
#include "sched/monitor.h"
#include "sched/offload.h"
#include "sched/sched.h"

enum {
	SIZE = 1 << 20, /* of the report … */
	TOLD = 100,	/* … and fibers in it, at most */
	SEARCH = 20 * 1000 * 1000,
};

/* --- what could wake them ----------------------------------------------- */

static bool waits_inside(const struct zag_look *l)
{
	if (l->state == ZAG_FIBER_DONE)
		return true; /* waits for its joiner */
	return l->state == ZAG_FIBER_PARKED && l->why && l->why->inside &&
	       l->until == INT64_MAX && !l->native;
}

/* How many of them wait; 0: some do not, or there is none. */
static uint64_t all_wait(void)
{
	struct zag_look_cursor c = { 0 };
	struct zag_look l;
	uint64_t n = 0;

	while (zag_look_next(&c, &l)) {
		if (!waits_inside(&l))
			return 0;
		n += l.state != ZAG_FIBER_DONE;
	}
	return n;
}

static bool any_handler(void)
{
	for (int s = 1; s < NSIG; s++) {
		struct sigaction a;

		if (zag_signal_action(s, NULL, &a) == 0 &&
		    a.sa_handler != SIG_DFL && a.sa_handler != SIG_IGN)
			return true;
	}
	return false;
}

static uint32_t helpers;

static void count_helper(uint32_t tid)
{
	helpers += tid != 0;
}

/* Kernel threads that are ours: carriers, helpers, the monitor. */
static uint32_t our_threads(void)
{
	const struct zag_carrier *c = zag_load_acq(&zag_sched.carriers);
	uint32_t n = 1;

	for (; c; c = c->all_next)
		n += c->tid && (zag_load_acq(&c->alive) ||
				c->tid == (uint32_t)zag_raw(SYS_getpid));
	helpers = 0;
	zag_offload_each_thread(count_helper);
	return n + helpers;
}

static void count_thread(uint32_t tid, void *n)
{
	(void)tid;
	++*(uint32_t *)n;
}

/* All kernel threads; UINT32_MAX: nobody knows. */
static uint32_t all_threads(void)
{
	long fd = zag_raw(SYS_openat, AT_FDCWD, "/proc/self/task",
			  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t n = 0;
	long r;

	if (fd < 0)
		return UINT32_MAX;
	r = zag_procdir_each(fd, count_thread, &n);
	zag_raw(SYS_close, fd);
	return r < 0 ? UINT32_MAX : n;
}

/* --- cycles ------------------------------------------------------------- */

/* Whom l waits for; 0: nobody knows. */
static uint64_t holder_of(const struct zag_look *l, const struct zag_owners *o)
{
	uint64_t id = 0;

	if (!l->why)
		return 0;
	if (l->why->arg == ZAG_ARG_FIBER)
		zag_peek(l->arg + offsetof(struct zag_fiber, id), &id,
			 sizeof(id));
	else
		id = zag_owners_fiber(o, zag_look_owner(l));
	return id;
}

/* Fibers that may still be passed over in search of others: the monitor has
 * more to do than to look for cycles among a million. */
static int64_t searching;

/* Whether a walk from l comes back to it. */
static bool in_cycle(const struct zag_look *l, const struct zag_owners *o)
{
	struct zag_look at = *l;

	for (int i = 0; i < TOLD && searching > 0; i++) {
		uint64_t next = holder_of(&at, o);

		if (next == l->id)
			return true;
		searching -= (int64_t)zag_load_rlx(&zag_sched.fibers);
		if (!next || !zag_look_find(next, &at))
			return false;
	}
	return false;
}

/* --- the report --------------------------------------------------------- */

static void put_fiber(struct zag_json *j, struct zag_look *l,
		      const struct zag_owners *o, bool cycle)
{
	char text[ZAG_WAIT_TEXT];

	zag_look_site(l);
	zag_describe_wait(l, o, text);
	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "id", l->id);
	zag_json_strn(j, "name", l->name, sizeof(l->name));
	zag_json_str(j, "wait", text);
	zag_json_bool(j, "cycle", cycle);
	zag_describe_stack(l, j);
	zag_json_close(j, '}');
}

static void put_fibers(struct zag_json *j, const struct zag_owners *o,
		       bool cycles)
{
	struct zag_look_cursor c = { 0 };
	struct zag_look l;
	int n = 0;

	while (n < TOLD && j->end - j->at > 16 * 1024 &&
	       zag_look_next(&c, &l)) {
		if (l.state == ZAG_FIBER_DONE || in_cycle(&l, o) != cycles)
			continue;
		put_fiber(j, &l, o, cycles);
		n++;
	}
}

static void log_fibers(const struct zag_owners *o)
{
	struct zag_look_cursor c = { 0 };
	char text[ZAG_WAIT_TEXT];
	struct zag_look l;
	int n = 0;

	while (n++ < TOLD && zag_look_next(&c, &l)) {
		zag_look_site(&l);
		zag_describe_wait(&l, o, text);
		zag_log(ZAG_LOG_ERROR, "  fiber %lu waits for %s",
			(unsigned long)l.id, text);
	}
}

static void report(uint64_t n)
{
	char *text = zag_page_alloc(SIZE);
	struct zag_owners owners;
	struct zag_json j;

	zag_log(ZAG_LOG_ERROR, "deadlock: all %lu fibers wait, and nothing "
		"can wake them", (unsigned long)n);
	zag_owners_make(&owners);
	searching = SEARCH;
	if (text) {
		zag_json_init(&j, text, SIZE - 1);
		zag_json_open(&j, NULL, '{');
		zag_json_uint(&j, "pid", (uint64_t)zag_raw(SYS_getpid));
		zag_json_open(&j, "fibers", '[');
		put_fibers(&j, &owners, true);
		put_fibers(&j, &owners, false);
		zag_json_close(&j, ']');
		zag_json_close(&j, '}');
	}
	if (!text || !zag_helper_print("deadlock-input", text, j.at,
				       zag_log_fd, false))
		log_fibers(&owners);
	zag_page_free(text, SIZE);
	zag_owners_free(&owners);
}

/* --- when --------------------------------------------------------------- */

static uint64_t switches(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < zag_sched.count; i++)
		n += zag_load_rlx(&zag_sched.processors[i].tick);
	return n;
}

static bool nothing_can_wake_them(uint64_t *n)
{
	*n = all_wait();
	return *n && !any_handler() && all_threads() == our_threads();
}

/* The monitor is about to sleep for good.  Told once, until something runs. */
static void on_idle(void)
{
	static uint64_t told = UINT64_MAX;
	uint64_t before = switches(), n;

	if (before == told || !nothing_can_wake_them(&n) ||
	    switches() != before || all_wait() != n)
		return;
	told = before;
	report(n);
	if (!strcmp(zag_opt.on_deadlock, "abort"))
		zag_raw(SYS_kill, zag_raw(SYS_getpid), SIGABRT);
}

void zag_deadlock_begin(void)
{
	if (strcmp(zag_opt.on_deadlock, "off"))
		zag_monitor_on_idle = on_idle;
}
