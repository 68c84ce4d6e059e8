/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where fibers wait: how often and how long, by the place in the program, and
 * by the lock.  Only while somebody wants to know: a wait then takes a few
 * microseconds longer.
 */
#ifndef ZAG_OBS_HOT_H
#define ZAG_OBS_HOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fiber/why.h"
#include "sched/clock.h"

struct zag_hot {
	_Atomic uintptr_t key; /* place in the program, or lock; 0: free */
	_Atomic(const struct zag_why *) why;
	_Atomic uintptr_t call; /* in the function of ours that was called */
	_Atomic uint64_t count, total, worst; /* ticks */
	_Atomic uint64_t times[ZAG_TIMES];    /* as in struct zag_times */
};

/* Record from now on; and no more.  False: no memory.  Any thread; nested. */
bool zag_hot_start(void);
void zag_hot_stop(void);
bool zag_hot_on(void);

/* The i-th place, the i-th lock, if it is in use; NULL: not. */
enum { ZAG_HOT_SIZE = 1024 };
const struct zag_hot *zag_hot_place(unsigned i);
const struct zag_hot *zag_hot_lock(unsigned i);

/* The median, about, in nanoseconds. */
uint64_t zag_hot_typical(const struct zag_hot *h);

#endif
