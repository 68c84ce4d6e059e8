/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: fibers on carriers, carriers on processors.
 *
 * A carrier is a kernel thread.  A processor is the right to run fibers; a
 * carrier holds one while it schedules.  When a fiber does not come back for
 * long, the monitor hands its processor to another carrier; the first one goes
 * on as a plain kernel thread until its fiber next parks.
 *
 * Being "in the runtime" (zag_enter .. zag_leave) keeps the monitor's hands
 * off the processor.  It is a plain store; the monitor pays for the ordering
 * with membarrier(2).
 */
#ifndef ZAG_SCHED_SCHED_H
#define ZAG_SCHED_SCHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/lock.h"
#include "fiber/why.h"
#include "sched/clock.h"
#include "sched/runq.h"

enum zag_processor_status {
	ZAG_PROCESSOR_NEW,     /* has never had a carrier */
	ZAG_PROCESSOR_RUNNING, /* its carrier runs fibers or looks for one */
	ZAG_PROCESSOR_IDLE,    /* its carrier sleeps in the poller */
};

/* What the fiber that left a carrier wanted; done by whoever runs next there,
 * when the context is saved. */
enum zag_action {
	ZAG_ACTION_NONE,
	ZAG_ACTION_PARK,
	ZAG_ACTION_YIELD,
	ZAG_ACTION_EXIT,
};

struct zag_processor {
	/* Written by the carrier that holds it. */
	struct zag_runq runq;
	_Atomic uint64_t tick;	    /* switches so far */
	uint32_t until_poll;	    /* switches until the poller is looked at */
	uint32_t streak;	    /* times in a row `next` was run */
	uint64_t wake_ticks;	    /* when somebody was last woken for it */
	uint64_t way_ticks;	    /* when a fiber last gave way on it */
	uint32_t turn;		    /* the tick at the last look at a turn, */
	uint64_t turn_ticks;	    /* and when it was first seen */
	uint32_t random;	    /* where to begin stealing */
	int eager;		    /* > 0: wake others for a lone `next` */
	uint32_t yields;	    /* in a row, the last one … */
	uint32_t yield_tick;	    /* … in this turn */
	uint64_t yield_ticks;	    /* when the kernel was last asked to */
	bool look_out;		    /* the scheduler should look outside */
	bool poll_now;		    /* … at the poller, too */
	uint32_t poll_tick;	    /* tick of the last look at the poller */
	uint32_t poll_turns;	    /* fibers that were queued then */
	uint64_t poll_ticks;	    /* when the poller was last looked at */
	uint64_t now_ticks;	    /* when that was last asked */
	uint64_t stand_ticks;	    /* not before, if others wait */
	struct zag_fiber *cache;    /* finished slots, ready for another */
	struct zag_stack_class *cache_class;
	uint32_t cache_count;

	/* Shared. */
	ZAG_ALIGNED(ZAG_CACHE_LINE) _Atomic uint32_t status;
	_Atomic(struct zag_carrier *) carrier;
	uint32_t index;
	struct zag_loop *loop; /* its poller; made by the loop floor */
	_Atomic uint64_t stood_tick, stood_ticks; /* the tick others saw, when */

	/* The monitor's notes. */
	uint32_t seen_tick;
	uint64_t seen_ticks; /* when that was seen first … */
	int64_t seen_cpu;    /* … and its carrier's CPU time then, ns */
	struct zag_carrier *seen_carrier;
	bool orphan; /* taken, and no kernel thread to give it to yet */

	/* Counters: written by the holder, read by anyone. */
	struct {
		_Atomic uint64_t steals, handoffs, polls;
	} count;
	_Atomic uint64_t waits[ZAG_WHY_COUNT]; /* begun, by what for */
	struct zag_times delays; /* of fibers, from ready to running */
	struct zag_times parks;	 /* … and from parking to ready */
};

struct zag_carrier {
	struct zag_context ctx;	       /* its scheduler, while a fiber runs */
	struct zag_fiber *current;     /* the fiber that runs, or NULL */
	struct zag_processor *processor; /* NULL: taken, or a spare */
	_Atomic uint32_t in_runtime;
	_Atomic uint32_t taken; /* the monitor is taking, or has taken it */
	_Atomic uint32_t missed; /* a signal came while it was in_runtime */
	_Atomic uint64_t told;	 /* ticks, when to look for one; 0: it has */
	enum zag_action action;
	struct zag_fiber *prev; /* whom the action is about */
	struct zag_fiber *given; /* to run without a processor, or NULL */
	uint64_t given_ticks;	 /* when it began to */
	bool searching;		/* counted in sched.searching */

	struct zag_lock lock;	    /* orders taking against entering */
	_Atomic uint32_t alive;	    /* kernel clears it at thread exit */
	_Atomic uint32_t assigned;  /* futex: a spare was given a processor */
	uint32_t tid;		    /* the kernel's */
	uint32_t stat_tid;	    /* the monitor's: whose state … */
	int stat_fd;		    /* … this shows */
	void *altstack;		    /* for signal handlers of faults */
	struct zag_fiber *slot;	    /* stack and TCB of its scheduler */
	struct zag_carrier *next_spare;
	struct zag_carrier *all_next; /* list of all, never shortened */
};

extern ZAG_HIDDEN struct zag_sched {
	struct zag_processor *processors;
	uint32_t count;
	uint32_t cpus;			/* how many are woken for work at most */
	_Atomic bool running;		/* booted */
	_Atomic uint32_t idle;		/* processors that could be woken */
	_Atomic uint32_t searching;	/* carriers looking for work */
	_Atomic uint64_t fibers;	/* live ones, main too */
	_Atomic uint64_t peak;		/* most live ones at a time */
	uint64_t born;			/* ticks at boot */
	_Atomic(struct zag_carrier *) carriers;
	_Atomic uint64_t waits[ZAG_WHY_COUNT]; /* without a processor */
} zag_sched;

/* The poller as the scheduler sees it; set by the loop floor before boot. */
extern struct zag_poller {
	/* Once, before the first open, for n processors.  0 or -errno. */
	int (*setup)(uint32_t n);
	/* Make p->loop.  0 or -errno. */
	int (*open)(struct zag_processor *p);
	/* Make ready what is ready; block until something is, if asked.
	 * Scheduler stack of the carrier that holds p. */
	void (*poll)(struct zag_processor *p, bool block);
	/* Look at another's loop without blocking; true if anything woke. */
	bool (*poll_other)(struct zag_processor *p);
	/* Make a blocked poll return.  Any thread. */
	void (*wake)(struct zag_processor *p);
	/* Whether anybody waits for anything in p's loop.  Any thread. */
	bool (*busy)(struct zag_processor *p);
} zag_poller;

/* What becomes of a fiber that has left its stack for good. */
extern void (*zag_sched_on_exit)(struct zag_fiber *f);

/* The carrier of the calling fiber or scheduler; NULL on a native thread. */
extern ZAG_TLS struct zag_carrier *zag_carrier_own;

static inline struct zag_carrier *zag_carrier_self(void)
{
	struct zag_fiber *f = zag_fiber_current;

	return f ? f->carrier : zag_carrier_own;
}

void zag_enter_slow(struct zag_carrier *c);
extern ZAG_HIDDEN bool zag_enter_fence; /* no membarrier: use a real fence */

/* The cheap half of a fence whose other half is zag_membarrier. */
static inline void zag_asymmetric_fence(void)
{
	zag_compiler_fence();
	if (zag_unlikely(zag_enter_fence))
		zag_fence();
}

/* Every running thread of this process passes a full barrier. */
void zag_membarrier(void);

/*
 * Chaos mode: ZAG_CHAOS's seed, 0: off.  Fibers yield where they need not, run
 * in another order, and lose their processor for no reason, so that orders of
 * events that are rare happen in tests.
 */
extern ZAG_HIDDEN uint64_t zag_sched_chaos;

/* True once in `n`, in chaos mode.  Any thread. */
bool zag_sched_chance(uint32_t n);

/* Returns what to give back to zag_leave. */
static inline uint32_t zag_enter(struct zag_carrier *c)
{
	uint32_t was = zag_load_rlx(&c->in_runtime);

	zag_store_rlx(&c->in_runtime, 1);
	zag_asymmetric_fence(); /* pairs with the monitor's membarrier */
	if (zag_unlikely(zag_load_acq(&c->taken)))
		zag_enter_slow(c);
	return was;
}

/* The same on the carrier that the caller is on, NULL on a native thread: no
 * handler, after which that may be another, comes in between. */
static inline struct zag_carrier *zag_enter_self(uint32_t *was)
{
	struct zag_carrier *c;

	zag_lock_begin();
	c = zag_carrier_self();
	*was = c ? zag_enter(c) : 0;
	zag_lock_end();
	return c;
}

void zag_leave_slow(void);

static inline void zag_leave(struct zag_carrier *c, uint32_t was)
{
	zag_compiler_fence();
	zag_store_rel(&c->in_runtime, was);
	zag_compiler_fence();
	if (zag_unlikely(zag_load_rlx(&c->missed)))
		zag_leave_slow();
}

/* The way to a kernel thread of glibc's own making: libc's pthread_create. */
extern int (*zag_sched_native_create)(pthread_t *t, const pthread_attr_t *attr,
				      void *(*fn)(void *), void *arg);

/*
 * Boot: processors, the monitor; the calling thread, if it is main, becomes a
 * fiber.  NULL, or why it failed; nothing is changed then, and it is not to
 * be tried again.  Once; native thread.
 */
const char *zag_sched_boot(uint32_t processors);

/* In a forked child: there is no runtime any more. */
void zag_sched_reset(void);

/* Make a fiber runnable that is in no queue.  Any thread, fiber, scheduler. */
void zag_sched_ready(struct zag_fiber *f);

/* Park the calling fiber, whose state is PARKING or already NOTIFIED. */
void zag_park(void);

/* Let the parked or parking fiber f run again; exactly once a park. */
void zag_unpark(struct zag_fiber *f);

/* Let others run first.  Any thread; a native one calls sched_yield. */
void zag_yield(void);

/*
 * The kernel lets a thread that was just woken run before one that has run for
 * a while.  So does a fiber that has made another ready and does not park: not
 * at once, as it may hold the very lock that the other one needs, but a number
 * of unlocked mutexes later.  A fiber that has just unlocked one calls this.
 */
extern ZAG_TLS uint32_t zag_sched_breath; /* how many; 0: it need not */
void zag_sched_give_way(void);

static inline void zag_sched_breathe(void)
{
	if (zag_unlikely(zag_sched_breath) && !--zag_sched_breath)
		zag_sched_give_way();
}

/*
 * Nor does it let one thread have the CPU as long as it likes because there is
 * always something for it to read.  Whoever makes a call that might have parked
 * calls this: after a while others have a turn, and the poller a look.
 */
extern ZAG_TLS uint32_t zag_sched_calls; /* until a look at the counter */
void zag_sched_look_at_turn(void);

static inline void zag_sched_call(void)
{
	if (zag_unlikely(zag_sched_calls-- == 0))
		zag_sched_look_at_turn();
}

/* The calling fiber is finished: never returns. */
void zag_sched_exit(void) __attribute__((noreturn));

/* Slots for new fibers, through the processor's cache.  Any thread. */
struct zag_fiber *zag_sched_get_slot(size_t size, size_t guard);
/* `here`: on a fiber of its own, which may park in the program's allocator. */
void zag_sched_put_slot(struct zag_fiber *f, bool here);

/* Whether the caller's processor may stand for as long as a short call takes,
 * if those that wait for it shall do so for half of the time at most.  Fiber. */
bool zag_sched_may_stand(void);
/* It did, from then on, in ticks. */
void zag_sched_has_stood(uint64_t since);

/* Wake an idle processor if there is one and nobody looks for work already,
 * unless as many are awake as there are CPUs. */
void zag_sched_wake_one(void);
/* … even then: those may be stuck. */
void zag_sched_wake_another(void);

/* The same, put off till the last lock was given back: zag_lock_on_owed. */
void zag_sched_wake_owed(void);

#endif
