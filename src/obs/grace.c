/* SPDX-License-Identifier: BSD-2-Clause */
/* --grace: the end of the process in bounded time. */
#include "config.h"

#include "obs/grace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/cancel.h"
#include "ctl/children.h"
#include "ctl/disposition.h"
#include "ctl/signal.h"
#include "obs/control.h"
#include "obs/describe.h"
#include "obs/look.h"
#include "obs/report.h"
#include "obs/trace.h"
#include "sched/monitor.h"
#include "sched/sched.h"

enum {
	TOLD = 20,	 /* fibers in the report, a … */
	LINE = 256,	 /* … each */
	STUBBORN = 1000, /* calls of main's that have failed: it goes on */
};

/* Between two looks at all fibers and children; more if they are many. */
#define PAUSE (ZAG_NSEC / 50)

/* For the kernel to end what was killed. */
#define KILLING ZAG_NSEC

static struct {
	_Atomic int signo;    /* what ends the process; 0: nothing */
	long pid;	      /* … which is this one */
	_Atomic bool leaving; /* the program has come to its end */
	_Atomic bool killing; /* no child may begin to live any more */

	/* The monitor's own. */
	bool (*next)(void);   /* who looked before us */
	zag_time since, until, look_at;
	uint64_t made, lived; /* fibers at the beginning */
	uint64_t cancelled;
	bool main_told;
	char line[TOLD][LINE];
	int lines;
	struct zag_children children;
} grace;

bool zag_grace_running(void)
{
	return zag_load_acq(&grace.signo) != 0;
}

/* --- fibers -------------------------------------------------------------- */

static bool main_lives(void)
{
	uint32_t state = zag_load_acq(&zag_fiber_main.state);

	/* A native one is counted, too. */
	return !zag_fiber_main.ctx.tp ||
	       (state != ZAG_FIBER_DONE && state != ZAG_FIBER_FREE);
}

/* All but main. */
static uint64_t others(void)
{
	uint64_t n = zag_load_acq(&zag_sched.fibers);

	return n - (n && main_lives());
}

static bool told_already(const struct zag_fiber *f)
{
	return zag_load_acq(zag_tcb_cancel_word(f->ctx.tp)) & ZAG_CANCEL_ASKED;
}

static bool cancel(struct zag_fiber *f, uint64_t id)
{
	return !zag_cancel_fiber(f, id, (enum zag_cancel_mode)zag_opt.cancel,
				 ECANCELED);
}

static void cancel_others(void)
{
	struct zag_look_cursor c = { 0 };
	struct zag_look l;

	while (zag_look_next(&c, &l)) {
		struct zag_fiber *f = (struct zag_fiber *)l.fiber;

		if (f != &zag_fiber_main && !told_already(f))
			grace.cancelled += cancel(f, l.id);
	}
}

/* Main does what the program does at its end; false: there is no such fiber. */
static bool tell_main(void)
{
	if (!grace.main_told && zag_fiber_main.ctx.tp && main_lives())
		cancel(&zag_fiber_main, zag_fiber_main.id);
	grace.main_told = true;
	return zag_fiber_main.ctx.tp != NULL;
}

/* --- the report ---------------------------------------------------------- */

/* One that nobody reads must not keep us. */
static bool can_report(void)
{
	struct pollfd p = { .fd = zag_log_fd, .events = POLLOUT };
	const struct timespec soon = { 0, ZAG_NSEC / 20 };

	return zag_raw(SYS_ppoll, &p, 1, &soon, NULL, 0) == 1 &&
	       (p.revents & POLLOUT);
}

/* Before all threads are stopped, with whatever lock of libc's. */
static void look_at_fibers(void)
{
	bool main_ends = !grace.main_told || zag_load_acq(&grace.leaving);
	struct zag_look_cursor c = { 0 };
	struct zag_owners owners;
	char text[ZAG_WAIT_TEXT];
	struct zag_look l;

	zag_owners_make(&owners);
	while (grace.lines < TOLD && zag_look_next(&c, &l)) {
		if (l.state == ZAG_FIBER_DONE ||
		    (l.fiber == &zag_fiber_main && main_ends))
			continue;
		zag_look_site(&l);
		zag_describe_wait(&l, &owners, text);
		zag_format(grace.line[grace.lines++], LINE,
			   "  fiber %lu \"%s\"%s is abandoned, %s%s%s",
			   (unsigned long)l.id, l.name,
			   l.fiber == &zag_fiber_main ? " (main)" : "",
			   zag_describe_state(&l), *text ? ": " : "", text);
	}
	zag_owners_free(&owners);
}

static void report_fibers(void)
{
	for (int i = 0; i < grace.lines && can_report(); i++)
		zag_log(ZAG_LOG_WARN, "%s", grace.line[i]);
}

static void report_children(void)
{
	const struct zag_children *c = &grace.children;

	for (uint32_t i = 0; i < c->killed && i < ZAG_CHILDREN_NAMED; i++)
		if (can_report())
			zag_log(ZAG_LOG_WARN, "  child %u \"%s\" was killed",
				c->named[i].pid, c->named[i].name);
}

static void report(uint64_t abandoned)
{
	uint64_t all = grace.lived + zag_fiber_made() - grace.made;
	const struct zag_children *c = &grace.children;
	unsigned ms = (unsigned)((zag_now() - grace.since) / (ZAG_NSEC / 1000));

	if (!can_report())
		return;
	zag_log(ZAG_LOG_WARN, "ended by %s after %u.%u s: "
		"fibers: %lu ended, %lu cancelled, %lu abandoned; "
		"children: %u ended, %u killed, %u left",
		zag_load_rlx(&grace.signo) == SIGINT ? "SIGINT" : "SIGTERM",
		ms / 1000, ms % 1000 / 100,
		(unsigned long)(all > abandoned ? all - abandoned : 0),
		(unsigned long)grace.cancelled, (unsigned long)abandoned,
		c->told - c->killed, c->killed, c->living);
	report_fibers();
	report_children();
}

/* --- the end ------------------------------------------------------------- */

/* As by default; the first process of a namespace does not die of it. */
static void die(int signo)
{
	uint64_t bit = ZAG_SIGBIT(signo);

	zag_disposition_set(signo, NULL, 0, 0);
	zag_raw(SYS_tgkill, zag_raw(SYS_getpid), zag_raw(SYS_gettid), signo);
	zag_raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, sizeof(bit));
	zag_raw(SYS_exit_group, 128 + signo);
}

static void finish(void)
{
	uint64_t abandoned = others();

	zag_store_rel(&grace.killing, true);
	look_at_fibers();
	if (!zag_load_acq(&grace.leaving)) { /* else it has been done */
		zag_trace_end();
		zag_report_end();
	}
	zag_control_close();
	zag_children_kill(&grace.children, zag_now() + KILLING);
	report(abandoned);
	die(zag_load_rlx(&grace.signo));
}

/* All others are gone.  Main ends by itself, unless it goes on in spite of
 * everything. */
static bool is_over(void)
{
	return !tell_main() ||
	       zag_load_rlx(&zag_fiber_main.cancel_fails) > STUBBORN;
}

static void step(zag_time now)
{
	bool leaving = zag_load_acq(&grace.leaving);

	if (!leaving) /* else no fiber does anything any more */
		cancel_others();
	if (!zag_children_tell(&grace.children) &&
	    (leaving || (!others() && is_over())))
		finish();
	if (now >= grace.until - (grace.until - grace.since) / 4)
		tell_main();
}

/* The monitor's look. */
static bool look(void)
{
	zag_time now = zag_now(), after;

	if (now >= grace.until)
		finish();
	if (now >= grace.look_at) {
		step(now);
		after = zag_now();
		grace.look_at = after + zag_max(PAUSE, 4 * (after - now));
	}
	if (grace.next)
		grace.next();
	return true;
}

/* --- the beginning ------------------------------------------------------- */

/* Once in a process, on the monitor or on a fiber.  One that comes later changes
 * nothing: some senders send it to the process and to its group. */
static void on_signal(int signo)
{
	grace.pid = zag_raw(SYS_getpid);
	grace.since = zag_now();
	grace.until = grace.since + (zag_time)zag_opt.grace.time;
	grace.made = zag_fiber_made();
	grace.lived = others();
	zag_children_adopt(&grace.children);
	zag_log(ZAG_LOG_INFO, "signal %d: %lu fibers are cancelled", signo,
		(unsigned long)grace.lived);
	grace.next = zag_monitor_on_look;
	zag_store_rel(&grace.signo, signo);
	zag_monitor_on_look = look;
	zag_monitor_watch_signals(); /* it may be asleep */
}

void zag_grace_begin(void)
{
	if (!zag_opt.grace.time)
		return;
	if (!zag_children_visible())
		zag_log(ZAG_LOG_WARN, "children would outlive --grace: no "
			"/proc/self/task/*/children");
	/* Not later: some fiber may be stuck with the loader's lock. */
	if (zag_opt.cancel == ZAG_CANCEL_UNWIND)
		zag_tcb_unwinder_ready();
	zag_signal_on_end = on_signal;
	zag_signal_on_own_end = zag_grace_leave;
}

void zag_grace_leave(void)
{
	/* A child may share our memory. */
	while (zag_unlikely(zag_grace_running()) &&
	       zag_raw(SYS_getpid) == grace.pid) {
		zag_store_rel(&grace.leaving, true);
		zag_raw(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	}
}

void zag_grace_reset(void)
{
	if (!zag_grace_running())
		return;
	if (zag_load_acq(&grace.killing)) /* it would be left behind */
		zag_raw(SYS_exit_group, 128 + zag_load_rlx(&grace.signo));
	zag_monitor_on_look = grace.next;
	memset(&grace, 0, sizeof(grace));
}
