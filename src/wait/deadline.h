/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deadlines: two heaps per processor of waits that must end by a time, one for
 * each clock, CLOCK_MONOTONIC and CLOCK_REALTIME (ZAG_WALL).
 *
 * The record lives on the waiter's stack.  A fiber adds its deadline to the
 * heap of the processor it runs on, and takes it back itself.
 */
#ifndef ZAG_WAIT_DEADLINE_H
#define ZAG_WAIT_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"

struct zag_processor;
struct zag_deadlines;

struct zag_deadline {
	zag_time at;
	struct zag_wait *wait;
	struct zag_deadlines *heap; /* where it was added */
	uint32_t index;		    /* in the heap; 0: not in it */
};

/* Claim w with ZAG_WAKE_TIMEOUT at `at`.  False: no memory.  Fiber. */
bool zag_deadline_add(struct zag_deadline *d, struct zag_wait *w, zag_time at);

/* Take it back, whether it has passed or not.  Fiber. */
void zag_deadline_remove(struct zag_deadline *d);

enum { ZAG_CLOCK_MONO, ZAG_CLOCK_WALL, ZAG_CLOCKS };

/* The earliest deadline of processor i; ZAG_NEVER: none.  A time of that clock,
 * without ZAG_WALL.  Any thread. */
zag_time zag_deadline_next(uint32_t processor, int clock);

/* Wake all of processor i that have passed by now; how many.  Any thread. */
int zag_deadline_expire(uint32_t processor, int clock, zag_time now);

/* Make the heaps of n processors; false: no memory.  Boot. */
bool zag_deadline_init(uint32_t n);

/* Called (if set) after an add that made a new earliest deadline on processor i:
 * its poller may be asleep for too long.  The adding fiber, no lock held. */
extern void (*zag_deadline_on_earlier)(uint32_t processor);

#endif
