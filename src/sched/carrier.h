/* SPDX-License-Identifier: BSD-2-Clause */
/* Carriers: the kernel threads, and who holds which processor. */
#ifndef ZAG_SCHED_CARRIER_H
#define ZAG_SCHED_CARRIER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

struct zag_carrier;
struct zag_fiber;
struct zag_processor;

/* Once, at boot; and in a forked child, where there are none. */
void zag_carrier_init(void);
void zag_carrier_reset(void);

/* Give p, which nobody holds, to a spare carrier or a new one; `searching`:
 * it is counted in sched.searching already.  False: no kernel thread to be
 * had; p stays without.  Any thread. */
bool zag_carrier_start(struct zag_processor *p, bool searching);

/*
 * Run f, which was found stuck in its thread before and has turns left to be
 * watched, on a carrier without a processor: the kernel schedules it, and if
 * it gets stuck again it delays nobody.  False: no kernel thread to be had.
 * The carrier of a fiber or scheduler.
 */
bool zag_carrier_run_native(struct zag_fiber *f);

/* The fiber of a carrier without a processor comes back. */
void zag_carrier_native_left(struct zag_carrier *c, struct zag_fiber *f);

/*
 * See that n carriers are there that need only a thread; 0: only if somebody
 * has found none.  Calls the program's allocator.  False: no memory.  Boot,
 * the monitor.
 */
bool zag_carrier_reserve(uint32_t n);

/* A carrier for the calling kernel thread, which runs fiber f and holds p.
 * NULL: no memory. */
struct zag_carrier *zag_carrier_adopt(struct zag_processor *p,
				      struct zag_fiber *f);

/* The alternate signal stack of c's kernel thread.  Async-signal. */
void zag_carrier_altstack(const struct zag_carrier *c, stack_t *ss);

/* Held while a kernel thread is made for a carrier; before offload's.  Who
 * holds it finds tid set in all that are alive, and none is added. */
extern struct zag_lock zag_carrier_spawning;

/* Whether somebody is in a queue that p takes from; or waits for anything that
 * p could do.  Any thread. */
bool zag_processor_queued(struct zag_processor *p);
bool zag_processor_wanted(struct zag_processor *p);

/* Whether another processor than p has not come to its next fiber for long: p's
 * holder should look after those that wait there.  Any thread. */
bool zag_processor_others_stand(const struct zag_processor *p);

/*
 * The calling fiber is about to be in the kernel for longer than others should
 * wait: its processor goes to another carrier now, if it is wanted, and the
 * fiber goes on in its kernel thread until it next parks.  Context: fiber.
 */
void zag_carrier_hand_on(void);

/* Take p from c, whose fiber has not come back, unless it is just coming:
 * true if c has lost it.  The monitor only. */
bool zag_carrier_take(struct zag_carrier *c, struct zag_processor *p);

/* The scheduler of a carrier: its loop, on its own stack; never returns. */
void zag_carrier_main(void *carrier);

/* What the fiber that left wanted is done now, on the new stack. */
void zag_carrier_finish_switch(struct zag_carrier *c);

#endif
