/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fiber: a user-level thread, one per pthread.
 *
 * It has its own stack and its own glibc thread control block, so TLS, errno,
 * pthread_self() and everything else that hangs on the thread pointer are
 * right on whatever carrier it runs.  pthread_t is the TCB's address, as in
 * NPTL.  One slot holds, from the top: struct zag_fiber, struct pthread,
 * static TLS, the stack, a guard page; main's fiber is the exception.
 */
#ifndef ZAG_FIBER_FIBER_H
#define ZAG_FIBER_FIBER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/compiler.h"

struct zag_carrier;
struct zag_wait;
struct zag_why;

enum zag_fiber_state {
	ZAG_FIBER_FREE,	    /* in a cache of finished slots */
	ZAG_FIBER_READY,    /* in a run queue */
	ZAG_FIBER_RUNNING,  /* on a carrier */
	ZAG_FIBER_PARKING,  /* running, has armed a wait */
	ZAG_FIBER_NOTIFIED, /* woken before it had parked */
	ZAG_FIBER_PARKED,   /* context saved, in no queue */
	ZAG_FIBER_DONE,	    /* finished, not yet joined */
};

enum zag_fiber_join {
	ZAG_JOINABLE,
	ZAG_JOINED,   /* somebody joins it, or has */
	ZAG_DETACHED,
};

enum zag_fiber_done {
	ZAG_LIVE,
	ZAG_FINISHED, /* off its stack; waits for its joiner */
	ZAG_UNWANTED, /* detached: whoever comes second recycles the slot */
};

struct zag_fiber {
	/* Known to switch.S and to debuggers. */
	struct zag_context ctx; /* where it goes on */

	/* Scheduling: shared between carriers.  A switch that is not a wait
	 * touches nothing beyond the first 64 bytes. */
	_Atomic uint32_t state;	     /* enum zag_fiber_state */
	uint32_t native;	     /* turns it still has on a kernel thread of
				      * its own, because it was found stuck
				      * there; written while it runs nowhere
				      * else */
	struct zag_carrier *carrier; /* runs it; valid while it runs */
	struct zag_fiber *next;	     /* in a queue, or the slot cache */
	_Atomic uint64_t since;	     /* ticks when it began to run, or stopped */
	_Atomic uint64_t switches;   /* times it has begun to run */
	uint32_t tid;		     /* what glibc's TCB says; unique */
	_Atomic bool urgent;	     /* to go first when it is next made ready */
	_Atomic bool sigclosed; /* it is ending: no handler runs any more */
	_Atomic bool sigchosen; /* to take those of the process, too */
	_Atomic bool sigtold;	/* one was sent while it may have been queued */

	/* What a wait touches, too.  What an observer is told (fiber/why.h,
	 * sched/clock.h): whoever moves the fiber from state to state writes
	 * it, anyone reads. */
	_Atomic(const struct zag_why *) why; /* NULL: nothing said */
	_Atomic uintptr_t why_arg;
	_Atomic uint64_t ready_since;	     /* ticks when last made ready */
	/* Signals: which are blocked, as the program sees it; which wait. */
	_Atomic uint64_t sigmask;
	_Atomic uint64_t sigpending; /* sent to this fiber */
	_Atomic uint64_t sigaccepts; /* what its sigwait takes, blocked or not */
	_Atomic(struct zag_wait *) sigwait; /* wait a signal may end, or NULL */
	int64_t expires;  /* from then on its calls fail with ETIMEDOUT */

	/* The rest of it. */
	_Atomic uint32_t sigbusy; /* senders that look at sigwait right now */
	uint32_t handlers;	  /* run so far, and those of them without … */
	uint32_t interruptions;	  /* … SA_RESTART; the owner's own */
	uint32_t seen_handlers;	  /* both when its call began, or waited on */
	uint32_t seen_interruptions;
	bool sigdelivers; /* it is taking its signals, all there are */
	bool sigswapped;  /* its mask is a wait's: no handler but in the wait */
	_Atomic int64_t why_until; /* deadline; INT64_MAX: none */
	uint64_t id;		   /* never reused in this process */

	/* The stack, as pthread_getattr_np reports it. */
	void *stack_addr;  /* lowest usable address */
	size_t stack_size; /* usable bytes from there */
	size_t guard_size;
	struct zag_stack_class *class; /* where its slot returns to; or NULL */

	/* The thread: written by the creator, then by the owner. */
	void *(*start)(void *);
	void *arg;
	void *result;
	_Atomic uint32_t done; /* enum zag_fiber_done; lot key of joiners */
	_Atomic uint32_t join; /* enum zag_fiber_join */
	_Atomic(struct zag_fiber *) joining; /* whom it waits for */
	int cancel_errno; /* of its calls, once an error is injected */
	_Atomic uint32_t cancel_fails; /* calls that have failed of it */
	int64_t lifetime; /* --fiber-timeout's part of `expires` */
	int64_t deadline; /* the program's, inherited; INT64_MAX: none */
	bool user_stack;       /* stack memory is the program's */
	bool is_main;
	bool stale; /* finished, its TCB not yet made ready for another */
	char name[16];

	/* Ticks so far in each state, and at the beginning. */
	_Atomic uint64_t busy, ready, parked;
	uint64_t born;
	uint32_t waker; /* id of who made it ready, in a timeline; 0: none */

	/* Attributes the program set, reported back. */
	int policy, priority;
	int8_t nice;
	void *affinity; /* cpu_set_t of ZAG_AFFINITY_SIZE bytes, or NULL */
	struct zag_fiber *next_own; /* with a user_stack (wait/ownstack.c) */

	/* CPU time, ns, while anybody asks for that (sched/cputime.h). */
	_Atomic int64_t cpu_time;
	_Atomic int64_t cpu_mark; /* its carrier's when it began to run */
	bool cpu_counts;

	/* Signals: what is seldom looked at. */
	bool mask_in_kernel; /* for a program that is being started */
	uint8_t mask_place;  /* fiber/sigmask.c */
	uint64_t sigsaved;   /* the mask that a wait's has replaced */
	stack_t altstack;    /* as sigaltstack has set it */
	struct zag_sigqueue { /* ctl/sigqueue.c; its lock protects this */
		struct zag_siginfo *first, *last;
		struct zag_fiber *next, **link; /* who has any */
	} sigqueue;
};

extern ZAG_TLS struct zag_fiber *zag_fiber_current;

/* Main's fiber; its ctx.tp is NULL until main has become one. */
extern struct zag_fiber zag_fiber_main;

/*
 * A slot with a TCB, ready to be started, for a stack of `size` usable bytes;
 * from the class's idle ones if any.  NULL: no memory.  Calls the program's
 * allocator.
 */
struct zag_fiber *zag_fiber_get(size_t size, size_t guard);

/* Make fn(arg) run when f is first switched to, on its own stack, or on the
 * size bytes at addr. */
void zag_fiber_prepare(struct zag_fiber *f, void (*fn)(void *), void *arg);
void zag_fiber_use_stack(struct zag_fiber *f, void *addr, size_t size);

/* Make a finished fiber's slot ready for another, if it has not been (`stale`).
 * Put it back, before that or after; put_all: with those behind it, all of one
 * class.  Not on its own stack. */
void zag_fiber_recycle(struct zag_fiber *f);
void zag_fiber_put(struct zag_fiber *f);
void zag_fiber_put_all(struct zag_fiber *f);

/* The fiber of the slot that ends at `end`; its ctx.tp is NULL until made. */
struct zag_fiber *zag_fiber_slot(char *end);

/* Turn the calling native thread (main) into the fiber zag_fiber_main. */
void zag_fiber_adopt_main(void);

/* The fiber of a pthread_t; NULL if it is none of ours. */
struct zag_fiber *zag_fiber_of(pthread_t t);

/* The fiber with this thread id, live or not yet joined; NULL: there is none.
 * Main's is the process's.  Any thread. */
struct zag_fiber *zag_fiber_by_tid(uint32_t tid);

/* In a forked child: the parent's are gone. */
void zag_fiber_reset(void);

/*
 * The calling fiber, if it is one, begins a call, or goes on with it: only what
 * runs from here on interrupts it.  A handler that comes before the call waits
 * does so as one that comes while it does; to a thread both are in the kernel.
 */
static inline void zag_fiber_call_begins(struct zag_fiber *f)
{
	if (!f)
		return;
	f->seen_handlers = f->handlers;
	f->seen_interruptions = f->interruptions;
}

/* The pthread_t of a fiber. */
pthread_t zag_fiber_pthread(const struct zag_fiber *f);

/* How many slots were ever made; ids run from 1 (main). */
uint64_t zag_fiber_next_id(void);

/* How many fibers were ever made, main not counted. */
uint64_t zag_fiber_made(void);

/* The fiber that is running, NULL on a native thread or a scheduler stack,
 * and before the runtime has booted.  Context: any. */
static inline struct zag_fiber *zag_fiber_self(void)
{
	return zag_fiber_current;
}

#endif
