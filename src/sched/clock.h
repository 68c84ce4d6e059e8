/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long fibers run, are ready, are parked.
 *
 * Reading the CPU's counter at every switch would cost as much as half a
 * switch.  So there is one clock that all share and that is set now and then:
 * after every look at the poller, every so many switches, every tick of the
 * monitor.  A wait or a turn that no setting falls into counts as nothing, one
 * that it falls into takes the whole interval: right on average, and right for
 * whatever lasts.  While somebody measures (a report, a trace), it is exact.
 */
#ifndef ZAG_SCHED_CLOCK_H
#define ZAG_SCHED_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/probe.h"
#include "fiber/fiber.h"

extern ZAG_HIDDEN struct zag_clock {
	ZAG_ALIGNED(ZAG_CACHE_LINE) _Atomic uint64_t ticks; /* 0: exact */
	_Atomic uint32_t exact; /* how many measure */
} zag_clock;

/* Set it.  `ticks` has just been read from the counter.  Any thread. */
static inline void zag_clock_set(uint64_t ticks)
{
	enum { STEP_US = 200 }; /* its line is not written more often */
	uint64_t was = zag_load_rlx(&zag_clock.ticks);

	if (was && (int64_t)(ticks - was) >
			   (int64_t)(STEP_US * zag_arch_ticks_per_us))
		zag_cas(&zag_clock.ticks, &was, ticks);
}

static inline uint64_t zag_clock_now(void)
{
	uint64_t now = zag_load_rlx(&zag_clock.ticks);

	return zag_likely(now) ? now : zag_arch_ticks();
}

/* Measure from now on; and no more.  Any thread. */
void zag_clock_exact(bool on);

/*
 * How long something took, by power of two: count[i] are those below 2^i
 * microseconds, the last one all others.  What took no time by the clock is not
 * counted.  Written by one thread, read by any.
 */
enum { ZAG_TIMES = 32 };

struct zag_times {
	_Atomic uint64_t count[ZAG_TIMES];
	_Atomic uint64_t sum; /* ticks */
};

/*
 * Who keeps a timeline, while the clock is exact: run is called when a fiber is
 * about to run that stopped at `from` and was made ready at `ready`, stop when
 * one stops that began at `from`.  On the carrier, in the runtime.
 */
struct zag_tracer {
	void (*run)(const struct zag_fiber *f, uint64_t from, uint64_t ready,
		    uint64_t to);
	void (*stop)(const struct zag_fiber *f, uint64_t from, uint64_t to);
};

extern _Atomic(const struct zag_tracer *) zag_clock_tracer;

/* Ticks as nanoseconds. */
static inline uint64_t zag_clock_ns(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * 1000 /
			  zag_arch_ticks_per_us);
}

/* The clock has moved, or is exact. */
void zag_clock_account_run(struct zag_fiber *f);
void zag_clock_account_stop(struct zag_fiber *f);
/* Both; returns `to`. */
struct zag_fiber *zag_clock_account_switch(struct zag_fiber *from,
					   struct zag_fiber *to);

/* The clock is exact: the time; and who has woken f is noted. */
uint64_t zag_clock_woken(struct zag_fiber *f);

/* f begins to run. */
static inline void zag_clock_run(struct zag_fiber *f)
{
	uint64_t now = zag_load_rlx(&zag_clock.ticks);

	if (!ZAG_OBSERVED)
		return;
	ZAG_PROBE1(switch, f->id);
	zag_count(&f->switches, 1);
	if (zag_unlikely(now != zag_load_rlx(&f->since)))
		zag_clock_account_run(f);
}

/* `from` stops running, `to` begins: as both, in one look at the clock.  Returns
 * `to`: the caller need not keep it on the stack that it leaves. */
static inline struct zag_fiber *zag_clock_switch(struct zag_fiber *from,
						 struct zag_fiber *to)
{
	uint64_t now = zag_load_rlx(&zag_clock.ticks);

	if (!ZAG_OBSERVED)
		return to;
	ZAG_PROBE1(switch, to->id);
	zag_count_one(&to->switches);
	if (zag_unlikely(now != zag_load_own(&from->since) ||
			 now != zag_load_own(&to->since)))
		return zag_clock_account_switch(from, to);
	return to;
}

/* f stops running: it parks, or yields. */
static inline void zag_clock_stop(struct zag_fiber *f)
{
	uint64_t now = zag_load_rlx(&zag_clock.ticks);

	if (ZAG_OBSERVED && zag_unlikely(now != zag_load_rlx(&f->since)))
		zag_clock_account_stop(f);
}

/* f, which is new or has been parked, is made ready. */
static inline void zag_clock_ready(struct zag_fiber *f)
{
	uint64_t now = zag_load_rlx(&zag_clock.ticks);

	if (!ZAG_OBSERVED)
		return;
	if (zag_unlikely(!now))
		now = zag_clock_woken(f);
	zag_store_rlx(&f->ready_since, now);
}

/* f is new. */
void zag_clock_born(struct zag_fiber *f);

#endif
