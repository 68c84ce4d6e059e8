/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The poller: a libev loop per processor, for descriptors; on it a timerfd for
 * each clock, for deadlines finer than libev's milliseconds.  That of
 * CLOCK_REALTIME is set to absolute times: the kernel follows the clock.
 *
 * A loop's lock protects its watchers and the descriptors that are at home in
 * it.  It is released around the backend's wait, so any carrier may start and
 * stop watchers of a loop that sleeps; a start then needs zag_loop_nudge.
 */
#ifndef ZAG_LOOP_POLLER_H
#define ZAG_LOOP_POLLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "loop/ev.h"
#include "wait/deadline.h"
#include "wait/wait.h"

struct zag_processor;

enum { ZAG_LOOP_SETS = 32 };

struct zag_loop {
	struct zag_lock lock; /* see above; before wait and run queue locks */
	struct ev_loop *ev;
	struct zag_processor *processor;
	ev_async wake;
	struct zag_timer {
		ev_io io;
		zag_time armed; /* what it is set to, or ZAG_NEVER */
	} timers[ZAG_CLOCKS];
	bool polling;		   /* somebody is inside ev_run */
	_Atomic bool sleeping;	   /* … and blocks there, or awaits that */
	_Atomic uint32_t awaited;  /* futex: 1 while its own carrier does so */
	_Atomic uint32_t waiting;  /* fibers that wait for descriptors here */
	uint32_t woken;		   /* by this poll */
	int sets[ZAG_LOOP_SETS];   /* fdmany.c's empty epoll sets, … */
	uint32_t set_count;	   /* … watched here; the lock's */
};

/* Install the poller into the scheduler.  Constructor. */
void zag_poller_install(void);

/* In a forked child: the descriptors of all loops are closed. */
void zag_poller_reset(void);

/* The loop of the calling fiber's processor (any loop, if it has none). */
struct zag_loop *zag_loop_here(void);

/* A watcher was started: if the loop sleeps, make it look.  No lock held. */
void zag_loop_nudge(struct zag_loop *l);

#endif
