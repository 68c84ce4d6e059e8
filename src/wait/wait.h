/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One wait of one waiter, and the two primitives under everything that
 * blocks: sleep and wake.
 *
 * A waiter is a fiber or a native kernel thread (one that glibc or clone made,
 * or main before the runtime has booted).  The record lives on the waiter's
 * own stack.  A wait may have several sources (descriptors, the parking lot, a
 * deadline, a signal); each may try to wake it, the first one claims it and so
 * sets the reason.  The waiter, when it runs again, withdraws its records from
 * the other sources.
 *
 *	struct zag_wait w;
 *
 *	zag_wait_begin(&w);
 *	...hand &w to sources...
 *	reason = zag_wait_sleep(&w, deadline);
 *	...take &w back from the sources that still have it...
 *	zag_wait_over();
 */
#ifndef ZAG_WAIT_WAIT_H
#define ZAG_WAIT_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/compiler.h"

struct zag_fiber;

enum zag_wake {
	ZAG_WAKE_NONE,	  /* nobody has claimed the wait yet */
	ZAG_WAKE_READY,	  /* what was waited for has happened */
	ZAG_WAKE_TIMEOUT, /* the deadline has passed */
	ZAG_WAKE_SIGNAL,  /* a signal was delivered: EINTR */
	ZAG_WAKE_CLOSED,  /* the descriptor was closed under the waiter: EBADF */
	ZAG_WAKE_CANCEL,  /* the waiter is to be unwound: ZAG_ECANCEL */
	ZAG_WAKE_FAIL,	  /* its calls are to fail: ZAG_ECANCEL */
};

enum zag_firm { /* which cancellation does not end a wait */
	ZAG_FIRM_NOT = 0,
	ZAG_FIRM_CALL = 1 << 0, /* that which unwinds: no cancellation point */
	ZAG_FIRM_COND = 1 << 1, /* that which fails: who waits has been told */
	ZAG_FIRM_LOCK = ZAG_FIRM_CALL | ZAG_FIRM_COND,
};

struct zag_wait {
	_Atomic uint32_t reason;  /* enum zag_wake; a native waiter's futex */
	struct zag_fiber *fiber;  /* NULL: a native thread */
	bool deaf;		  /* no signal ends it, nor cancellation */
	bool stands;		  /* in the kernel: zag_wait_stand */
	uint8_t firm;		  /* enum zag_firm */
};

/*
 * Inside the runtime only: the call was ended by a cancellation, has done
 * nothing that would be lost, and is to be acted on when all is put in order,
 * at the exported function (wrap/wrap.h).  No errno of the kernel's.
 */
#define ZAG_ECANCEL 999

/*
 * Nanoseconds of CLOCK_MONOTONIC; "never" for no deadline.  A deadline may also
 * be a time of CLOCK_REALTIME with ZAG_WALL in it: it follows that clock when it
 * is set.  The sleeping functions know it (zag_wait_sleep, the lot's); who
 * compares or computes makes it monotonic before.
 */
typedef int64_t zag_time;
#define ZAG_NEVER INT64_MAX
#define ZAG_NSEC INT64_C(1000000000)
#define ZAG_WALL (INT64_C(1) << 62) /* 146 years: more is "never" */

static inline bool zag_time_is_wall(zag_time t)
{
	return t >= ZAG_WALL && t != ZAG_NEVER;
}

/* Now, CLOCK_MONOTONIC.  Context: any. */
zag_time zag_now(void);

/*
 * The deadline for an absolute time on `clock` (CLOCK_REALTIME or
 * CLOCK_MONOTONIC; `abs` valid), saturating; in the past is allowed.
 */
zag_time zag_deadline_abs(clockid_t clock, const struct timespec *abs);

/* The same, but CLOCK_REALTIME's is a ZAG_WALL. */
zag_time zag_deadline_wall(clockid_t clock, const struct timespec *abs);

/* When a deadline will be, as far as is known now, in CLOCK_MONOTONIC. */
zag_time zag_deadline_mono(zag_time deadline);

/* The deadline `rel` from now (tv_nsec valid, tv_sec >= 0), saturating. */
zag_time zag_deadline_rel(const struct timespec *rel);

/* Whether ts has 0 <= tv_nsec < 10^9. */
static inline bool zag_timespec_valid(const struct timespec *ts)
{
	return ts->tv_nsec >= 0 && ts->tv_nsec < ZAG_NSEC;
}

/* Arm w for the calling thread or fiber.  From here on it may be woken, and
 * must either sleep or be cancelled.  Sets `deaf` to false, and `firm` as
 * zag_wait_no_point says. */
extern ZAG_TLS bool zag_wait_no_point;
void zag_wait_begin(struct zag_wait *w);

/*
 * Nobody has a record of the wait any more.  Until then no handler of the
 * program's runs on this fiber or thread, nor is it unwound where it stands: it
 * might leave by a jump what others still look at.  zag_wait_interrupted,
 * zag_wake_errno and zag_wait_cancel include it.
 */
extern ZAG_TLS bool zag_wait_open;
void zag_wait_over(void);

/*
 * Deliver what has become pending for the calling fiber while it was not on a
 * carrier: nobody could tell it then.  zag_wait_over includes it.
 * Context: fiber; handlers of the program may run here.
 */
void zag_wait_look(void);
extern void (*zag_wait_on_pending)(void); /* the signal floor's */

/* Do not sleep after all.  False: somebody has claimed w before. */
bool zag_wait_cancel(struct zag_wait *w);

/*
 * Sleep until w is claimed.  A deadline that passes claims it with
 * ZAG_WAKE_TIMEOUT, a signal for this fiber with ZAG_WAKE_SIGNAL (unless w is
 * deaf), a cancellation of this fiber or thread, now or from before, with
 * ZAG_WAKE_CANCEL or ZAG_WAKE_FAIL.  Returns the reason.
 * Context: fiber or native thread; no lock held.
 */
enum zag_wake zag_wait_sleep(struct zag_wait *w, zag_time deadline);

/*
 * The calling fiber is about to wait in the kernel, on its carrier, by
 * zag_arch_syscall with w's `reason` as its stop: a signal for the fiber or a
 * cancellation ends that, but that its calls are to fail only if it is said
 * meanwhile.  zag_wait_stood follows, and tells which it was;
 * ZAG_WAKE_NONE: neither.  A handler runs within the call and ends it, so that
 * it may leave it by a jump.  `open`: signals that the kernel's mask is not to
 * have meanwhile, though a carrier's does.
 */
void zag_wait_stand(struct zag_wait *w, uint64_t open);
enum zag_wake zag_wait_stood(struct zag_wait *w, uint64_t open);

/* A handler is about to run on fiber f, the caller: its call ends. */
void zag_wait_stands_no_more(struct zag_fiber *f);

/*
 * Claim w for `reason` and make its waiter run.  False: somebody else was
 * first.  After a true return *w may be gone.  Context: any thread, fiber,
 * scheduler stack; locks of sources may be held.
 */
bool zag_wait_wake(struct zag_wait *w, enum zag_wake reason);

/*
 * End the wait of fiber f, or of the native thread with thread pointer tp, with
 * ZAG_WAKE_SIGNAL, _CANCEL or _FAIL, if it is in one that such a thing ends;
 * false: it is not.  If it is about to be in one, it will see there what the
 * caller has made pending before.  Any thread; no lock of a source held.
 */
bool zag_wait_end(struct zag_fiber *f, enum zag_wake reason);
bool zag_wait_end_native(void *tp, enum zag_wake reason);

/*
 * A signal has ended a wait (-EINTR), all its records are withdrawn: run the
 * handlers, here on the fiber.  Returns 0 where all of them asked for
 * SA_RESTART and the call is one that restarts, else -EINTR.
 */
int zag_wait_interrupted(bool restartable);
extern int (*zag_wait_on_signal)(bool restartable); /* the signal floor's */

/*
 * Who measures waits: begin is called when a fiber's wait is about to park, on
 * the fiber and with its wait armed, so it must not park; end after it.  NULL:
 * nobody does.
 */
struct zag_why;

struct zag_wait_note {
	uint64_t since; /* ticks */
	const struct zag_why *why;
	uintptr_t arg, site, call;
};

struct zag_wait_observer {
	struct zag_wait_note (*begin)(struct zag_fiber *f);
	void (*end)(const struct zag_wait_note *note);
};

extern ZAG_HIDDEN
_Atomic(const struct zag_wait_observer *) zag_wait_observer;

/* The reason so far, for a waiter that has not slept. */
static inline enum zag_wake zag_wait_reason(struct zag_wait *w)
{
	return (enum zag_wake)atomic_load_explicit(&w->reason,
						   memory_order_acquire);
}

/*
 * futex(2)'s wait, in the kernel.  Without `forever` it is always given a time:
 * then no handler restarts it.  Flags: FUTEX_PRIVATE_FLAG or 0.  Any thread.
 */
long zag_futex_sleep(const _Atomic uint32_t *word, uint32_t val, int flags,
		     zag_time deadline, bool forever);

/* Sleep until the deadline: 0 when it has passed, -EINTR, -ZAG_ECANCEL. */
int zag_sleep_until(zag_time deadline);

/* The same as a lock: no cancellation ends it. */
int zag_sleep_firmly(zag_time deadline);

/* The wait is over, for this reason: 0, -ETIMEDOUT, -EINTR, -EBADF or
 * -ZAG_ECANCEL. */
int zag_wake_errno(enum zag_wake reason);

#endif
