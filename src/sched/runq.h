/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run queues: one local to each processor, one global.
 *
 * The local one is a bounded FIFO that its owner fills and any carrier may
 * take from (the ring of Go's scheduler), with a slot in front of it for the
 * fiber to be run next.  The global one is a list under a lock; it takes what
 * overflows, and what comes from carriers without a processor.
 */
#ifndef ZAG_SCHED_RUNQ_H
#define ZAG_SCHED_RUNQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/lock.h"

struct zag_fiber;

enum { ZAG_RUNQ_SIZE = 1024 };

struct zag_runq {
	_Atomic uint32_t head; /* taken from here; CAS by any */
	_Atomic uint32_t tail; /* put here; the owner only */
	_Atomic(struct zag_fiber *) next; /* before the ring; CAS by any */
	_Atomic uint64_t next_ticks; /* when `next` was put there, or 0 */
	_Atomic(struct zag_fiber *) ring[ZAG_RUNQ_SIZE];
};

/* Put f last.  Owner only.  What does not fit goes to the global queue. */
void zag_runq_put(struct zag_runq *q, struct zag_fiber *f);

/* Put f before all others; who stood there goes last.  Owner only. */
void zag_runq_put_next(struct zag_runq *q, struct zag_fiber *f,
		       uint64_t ticks);

/* Take the fiber to run next; NULL: none.  Owner only. */
struct zag_fiber *zag_runq_get(struct zag_runq *q);

/* As zag_runq_get, but leave `next` for later.  Owner only. */
struct zag_fiber *zag_runq_get_first(struct zag_runq *q);

/* Move half of victim's fibers to q and return one of them.  `next` is taken
 * only when nothing else is there and it has waited for `patience` ticks.
 * q's owner. */
struct zag_fiber *zag_runq_steal(struct zag_runq *q, struct zag_runq *victim,
				 uint64_t patience);

/* How many are in it, about; the slot counts.  Any thread. */
uint32_t zag_runq_length(const struct zag_runq *q);

/* The global queue.  Any thread. */
void zag_globq_put(struct zag_fiber *f);
void zag_globq_put_list(struct zag_fiber *first, struct zag_fiber *last,
			uint32_t n);
/* Take one, and move up to `most` - 1 more to q (may be NULL: one only). */
struct zag_fiber *zag_globq_get(struct zag_runq *q, uint32_t most);
uint32_t zag_globq_length(void);
void zag_globq_reset(void); /* in a forked child */

#endif
