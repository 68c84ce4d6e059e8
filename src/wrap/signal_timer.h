/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timers that the kernel cannot tell a fiber of by itself: those with
 * SIGEV_THREAD_ID, and those on a fiber's CPU clock (signal_cputimer.c).
 *
 * Context of all: fiber or monitor.
 */
#ifndef ZAG_WRAP_SIGNAL_TIMER_H
#define ZAG_WRAP_SIGNAL_TIMER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "fiber/fiber.h"

/* A fiber that may be gone; id 0: none. */
struct zag_timer_fiber {
	uint64_t id;
	uint32_t tid;
};

struct zag_timer {
	SLIST_ENTRY(zag_timer) link;
	int timer; /* the kernel's number */
	struct zag_timer_fiber target; /* none: the process */
	int signo;		       /* 0: nobody is told */
	int overrun; /* what the signal that was taken last has told */

	/* Of one that the monitor keeps: CPU time; `at` 0: it is not set. */
	struct zag_timer_fiber clock; /* whose; none: the kernel keeps it */
	union sigval value;
	int64_t at, every;
};

extern struct zag_timers {
	struct zag_lock lock; /* protects the list, and all in it */
	SLIST_HEAD(, zag_timer) list;
} zag_timers;

struct zag_timer_fiber zag_timer_fiber(const struct zag_fiber *f);

/* NULL: it is gone. */
struct zag_fiber *zag_timer_find_fiber(const struct zag_timer_fiber *w);

/* A program may ask for this signal. */
bool zag_timer_signal_valid(int signo);

/* The lock is held; NULL: the kernel's own. */
struct zag_timer *zag_timer_find(int timer);

/* Keep *new, a block of base/page.h's heap, in place of one of that number
 * which has gone in a way that we have not seen. */
void zag_timer_keep(struct zag_timer *new);

/* In a forked child: there are no timers. */
void zag_signal_timer_reset(void);

#endif
