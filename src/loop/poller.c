/* SPDX-License-Identifier: BSD-2-Clause */
/* The poller: running a processor's libev loop. */
#include "config.h"

#include "loop/poller.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "base/futex.h"
#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "sched/clock.h"
#include "sched/sched.h"
#include "wait/deadline.h"
#include "wait/wait.h"

enum { SLACK_NS = 50 * 1000 }; /* PR_GET_TIMERSLACK's default */

/* --- the timer ---------------------------------------------------------- */

/*
 * Re-arming is a system call: a timer that goes off too early is left.  One
 * that goes off a little late does for all that are due by then; the kernel
 * gives a thread's sleep the same slack.
 */
static void arm(struct zag_timer *t, zag_time next)
{
	struct itimerspec its;

	if (next >= t->armed - SLACK_NS)
		return;
	next += SLACK_NS;
	its = (struct itimerspec){
		.it_value = { next / ZAG_NSEC, next % ZAG_NSEC },
	};
	zag_raw(SYS_timerfd_settime, t->io.fd, TFD_TIMER_ABSTIME, &its, NULL);
	t->armed = next;
}

static void on_timer(struct ev_loop *ev, ev_io *w, int revents)
{
	struct zag_timer *t = zag_container_of(w, struct zag_timer, io);
	uint64_t n;

	(void)ev;
	(void)revents;
	zag_raw(SYS_read, w->fd, &n, sizeof(n));
	t->armed = ZAG_NEVER;
}

static zag_time clock_now(int clock)
{
	struct timespec ts;

	if (clock == ZAG_CLOCK_MONO)
		return zag_now();
	clock_gettime(CLOCK_REALTIME, &ts);
	return (zag_time)ts.tv_sec * ZAG_NSEC + ts.tv_nsec;
}

/* Whether processor i has deadlines, and has one that has passed. */
static bool has_deadline(uint32_t i)
{
	return zag_deadline_next(i, ZAG_CLOCK_MONO) != ZAG_NEVER ||
	       zag_deadline_next(i, ZAG_CLOCK_WALL) != ZAG_NEVER;
}

static bool has_passed(uint32_t i)
{
	for (int c = 0; c < ZAG_CLOCKS; c++) {
		zag_time next = zag_deadline_next(i, c);

		if (next != ZAG_NEVER && next <= clock_now(c))
			return true;
	}
	return false;
}

static bool expire(uint32_t i)
{
	int n = 0;

	for (int c = 0; c < ZAG_CLOCKS; c++)
		if (zag_deadline_next(i, c) != ZAG_NEVER)
			n += zag_deadline_expire(i, c, clock_now(c));
	return n > 0;
}

static void on_wake(struct ev_loop *ev, ev_async *w, int revents)
{
	(void)ev;
	(void)w;
	(void)revents; /* being woken was all */
}

/* --- the lock around libev's wait --------------------------------------- */

static void release(struct ev_loop *ev)
{
	struct zag_loop *l = zag_ev.ev_userdata(ev);

	zag_unlock(&l->lock);
}

static void acquire(struct ev_loop *ev)
{
	struct zag_loop *l = zag_ev.ev_userdata(ev);

	/* Who is woken now was not ready while we slept. */
	zag_clock_set(zag_arch_ticks());
	zag_lock(&l->lock);
}

/* --- what the scheduler asks for ---------------------------------------- */

static int setup(uint32_t n)
{
	return zag_deadline_init(n) ? 0 : -ENOMEM;
}

static bool open_timer(struct zag_loop *l, int which, clockid_t clock)
{
	struct zag_timer *t = &l->timers[which];
	int fd = zag_ownfd_move((int)zag_raw(SYS_timerfd_create, clock,
					     TFD_CLOEXEC | TFD_NONBLOCK));

	if (fd < 0)
		return false;
	t->armed = ZAG_NEVER;
	ev_io_init(&t->io, on_timer, fd, EV_READ);
	zag_ev.ev_io_start(l->ev, &t->io);
	return true;
}

static int make_loop(struct zag_processor *p)
{
	struct zag_loop *l = zag_page_carve(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->processor = p;
	l->ev = zag_ev.ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!l->ev || !open_timer(l, ZAG_CLOCK_MONO, CLOCK_MONOTONIC) ||
	    !open_timer(l, ZAG_CLOCK_WALL, CLOCK_REALTIME))
		return -EMFILE;
	zag_ev.ev_set_userdata(l->ev, l);
	zag_ev.ev_set_loop_release_cb(l->ev, release, acquire);
	ev_async_init(&l->wake, on_wake);
	zag_ev.ev_async_start(l->ev, &l->wake);
	p->loop = l;
	return 0;
}

static int open_loop(struct zag_processor *p)
{
	int r;

	zag_ev_works_for_us(true);
	r = make_loop(p);
	zag_ev_works_for_us(false);
	return r;
}

static void end_await(struct zag_loop *l)
{
	zag_store_rlx(&l->awaited, 0);
	zag_futex_wake(&l->awaited, 1);
}

/* The loop's lock is held, nobody polls. */
static void run(struct zag_loop *l, bool block)
{
	l->polling = true;
	l->woken = 0;
	zag_ev_works_for_us(true);
	zag_ev.ev_run(l->ev, block ? EVRUN_ONCE : EVRUN_NOWAIT);
	zag_ev_works_for_us(false);
	l->polling = false;
	if (zag_unlikely(zag_load_rlx(&l->awaited)))
		end_await(l);
}

static void look(struct zag_loop *l)
{
	zag_lock(&l->lock);
	if (!l->polling)
		run(l, false);
	zag_unlock(&l->lock);
}

/* Woken already?  Another carrier that looked at this loop may have swallowed
 * the wake-up; it had the lock, so we see the status that it saw. */
static bool still_idle(struct zag_loop *l)
{
	return zag_load_rlx(&l->processor->status) == ZAG_PROCESSOR_IDLE;
}

/* When the next deadline of processor i is, in the time of zag_now. */
static zag_time next_deadline(uint32_t i)
{
	zag_time wall = zag_deadline_next(i, ZAG_CLOCK_WALL);

	return zag_min(zag_deadline_next(i, ZAG_CLOCK_MONO),
		       wall == ZAG_NEVER ? wall :
					   zag_deadline_mono(wall + ZAG_WALL));
}

/*
 * Another carrier is in the middle of a look at the loop, and may have lost its
 * CPU there: sleep until it has finished, or somebody wants us.  Trying again
 * and again would take the very CPU that it waits for.
 */
static void await_look(struct zag_loop *l)
{
	zag_time next = next_deadline(l->processor->index);
	struct timespec until = { next / ZAG_NSEC, next % ZAG_NSEC };

	zag_unlock(&l->lock);
	zag_futex_wait(&l->awaited, 1, next == ZAG_NEVER ? NULL : &until);
	zag_lock(&l->lock);
	zag_store_rlx(&l->awaited, 0);
}

static void block(struct zag_loop *l)
{
	for (int c = 0; c < ZAG_CLOCKS; c++)
		arm(&l->timers[c], zag_deadline_next(l->processor->index, c));
	run(l, true);
}

/*
 * Set the timer and block.  Who adds an earlier deadline to this heap after we
 * looked sees `sleeping` and nudges (zag_deadline_on_earlier).  The timer is
 * set under the lock: another carrier that looks at this loop may be the one
 * that finds it expired.
 */
static void block_in(struct zag_loop *l)
{
	uint32_t i = l->processor->index;

	zag_lock(&l->lock);
	zag_store_rlx(&l->awaited, l->polling);
	zag_store_rlx(&l->sleeping, true);
	zag_fence();
	if (still_idle(l) && !has_passed(i)) {
		if (l->polling)
			await_look(l);
		else
			block(l);
	}
	zag_store_rlx(&l->sleeping, false);
	zag_unlock(&l->lock);
	expire(i);
}

static void poll_loop(struct zag_processor *p, bool block)
{
	struct zag_loop *l = p->loop;

	if (block) {
		block_in(l);
		return;
	}
	expire(p->index);
	if (zag_load_rlx(&l->waiting))
		look(l);
	zag_count(&p->count.polls, 1);
}

static bool poll_other(struct zag_processor *p)
{
	struct zag_loop *l = p->loop;
	bool woke = expire(p->index);

	if (zag_load_rlx(&l->waiting) && zag_trylock(&l->lock)) {
		if (!l->polling) {
			run(l, false);
			woke |= l->woken != 0;
		}
		zag_unlock(&l->lock);
	}
	return woke;
}

/* Whoever blocks in it, or awaits a look. */
static void rouse(struct zag_loop *l)
{
	zag_ev.ev_async_send(l->ev, &l->wake);
	if (zag_unlikely(zag_load_rlx(&l->awaited)))
		end_await(l);
}

static void wake(struct zag_processor *p)
{
	zag_fence_after_rmw(); /* of its status; pairs with block_in's */
	rouse(p->loop);
}

static bool busy(struct zag_processor *p)
{
	return zag_load_rlx(&p->loop->waiting) ||
	       has_deadline(p->index);
}

static void on_earlier_deadline(uint32_t i)
{
	zag_fence(); /* pairs with the one in block_in */
	zag_loop_nudge(zag_sched.processors[i].loop);
}

void zag_poller_install(void)
{
	zag_poller = (struct zag_poller){
		.setup = setup,
		.open = open_loop,
		.poll = poll_loop,
		.poll_other = poll_other,
		.wake = wake,
		.busy = busy,
	};
	zag_deadline_on_earlier = on_earlier_deadline;
}

struct zag_loop *zag_loop_here(void)
{
	struct zag_processor *p = &zag_sched.processors[0];
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);

	if (c) {
		if (c->processor)
			p = c->processor;
		zag_leave(c, was);
	}
	return p->loop;
}

void zag_loop_nudge(struct zag_loop *l)
{
	if (zag_load_rlx(&l->sleeping))
		rouse(l);
}

void zag_poller_reset(void)
{
	zag_heap_reset();
	for (uint32_t i = 0; i < zag_sched.count; i++) {
		struct zag_loop *l = zag_sched.processors[i].loop;

		zag_ev.ev_loop_destroy(l->ev);
		for (int c = 0; c < ZAG_CLOCKS; c++)
			zag_raw(SYS_close, l->timers[c].io.fd);
		while (l->set_count)
			zag_raw(SYS_close, l->sets[--l->set_count]);
	}
}
