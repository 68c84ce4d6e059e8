/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for what a helper thread does. */
#include "config.h"

#include "wait/blocking.h"

#include <errno.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "sched/offload.h"
#include "sched/sched.h"

#define BACKOFF_LEAST (ZAG_NSEC / 4000)
#define BACKOFF_MOST (ZAG_NSEC / 100)
#define TELL_AGAIN (ZAG_NSEC / 50)

enum {
	KINDS = 32,
	SHORT_US = 1000, /* short calls take less on average … */
	QUICK_US = 400,	 /* … and quick ones this … */
	MOST_US = 3000,	 /* … of what is taken for this at most, as one that
			  * has lost its CPU may take any time … */
	RISE = 4,	 /* … and how fast that follows those that take longer … */
	FALL = 8,	 /* … or less */
	TRY = 8,	 /* quick calls for one that is handed over */
};

/* A job and the wait of its fiber. */
struct blocking {
	struct zag_job job;
	struct zag_wait wait;
	bool deaf;
	uint32_t kind;
	const struct zag_syscall *call;
	long (*fn)(void *arg);
	void *arg;
};

static struct blocking *blocking_of(struct zag_job *j)
{
	return zag_container_of(j, struct blocking, job);
}

static void begin(struct zag_job *j)
{
	struct blocking *b = blocking_of(j);

	zag_wait_begin(&b->wait);
	b->wait.deaf = b->deaf;
	b->deaf = true; /* who revokes it has heard */
}

static void done(struct zag_job *j)
{
	zag_wait_wake(&blocking_of(j)->wait, ZAG_WAKE_READY);
}

/* With these comes a signal, and it is meant for the caller, whom the kernel
 * does not know: he makes the call once more, to the same effect. */
static bool signals_caller(long r)
{
	return r == -EPIPE || r == -EFBIG;
}

/* --- calls that end by themselves ---------------------------------------- */

static _Atomic uint32_t average[KINDS]; /* µs that they took of late */

/* No lock: a lost update is one call that counts for nothing. */
static void learn(uint32_t kind, uint64_t ticks)
{
	uint64_t took = zag_min(ticks / zag_arch_ticks_per_us,
				(uint64_t)MOST_US);
	int was = (int)zag_load_rlx(&average[kind % KINDS]);
	int more = (int)took - was;

	was += more / (more > 0 ? RISE : FALL);
	zag_store_rlx(&average[kind % KINDS], (uint32_t)was);
}

static long make_there(struct zag_job *j)
{
	struct blocking *b = blocking_of(j);
	uint64_t begin = zag_arch_ticks();
	long r = b->fn(b->arg);

	learn(b->kind, zag_arch_ticks() - begin);
	return r;
}

static long make_here(const struct blocking *b)
{
	uint64_t begin = zag_arch_ticks();
	long r;

	zag_why_clear(zag_fiber_self());
	r = b->fn(b->arg);
	learn(b->kind, zag_arch_ticks() - begin);
	zag_sched_has_stood(begin);
	return r;
}

/* Who is the only fiber delays nobody, and none is made while it is in a call;
 * should a thread of another kind make one, there is the monitor. */
static bool alone(void)
{
	return zag_load_acq(&zag_sched.fibers) == 1;
}

static _Atomic uint32_t handed; /* such calls that helpers have */
static _Atomic uint32_t joint;	/* next calls that are taken to overlap */

/* Whether such calls overlap: others come while a helper has one, of late, or
 * it is time to hand one over to find out. */
static bool overlap(void)
{
	static ZAG_TLS uint32_t calls;
	uint32_t left = zag_load_rlx(&joint);

	if (zag_load_rlx(&handed)) {
		zag_store_rlx(&joint, (uint32_t)TRY);
		return true;
	}
	if (left)
		zag_store_rlx(&joint, left - 1);
	return left || calls++ % TRY == 0;
}

/*
 * Handing a call over costs two wake-ups, more than a short one takes.  So it
 * is made here if nobody waits for us; what comes in meanwhile waits for as long
 * as such calls take, or until the monitor sees that this one takes longer.  Who
 * waits already does so for half of the time at most, as where many fibers make
 * such calls these must overlap; or for a quick call where they do not.
 */
static bool better_here(uint32_t kind)
{
	uint32_t us = zag_load_rlx(&average[kind % KINDS]);

	if (alone())
		return true;
	return us < SHORT_US &&
	       ((us < QUICK_US && !overlap()) || zag_sched_may_stand()) &&
	       !zag_sched_chance(2);
}

long zag_offload(uint32_t kind, long (*fn)(void *arg), void *arg)
{
	struct blocking b = {
		.job = { .fn = make_there, .begin = begin, .done = done },
		.deaf = true,
		.kind = kind,
		.fn = fn,
		.arg = arg,
	};

	if (!zag_fiber_self())
		return fn(arg);
	if (better_here(kind) || !zag_job_submit(&b.job))
		return make_here(&b);
	zag_add(&handed, 1);
	zag_why_default(&zag_why_offload, UINTPTR_MAX);
	zag_wait_sleep(&b.wait, ZAG_NEVER);
	zag_sub(&handed, 1);
	zag_wait_over();
	return signals_caller(b.job.result) ? fn(arg) : b.job.result;
}

void zag_blocking_reset(void)
{
	zag_store_rlx(&handed, 0);
	zag_store_rlx(&joint, 0);
}

/* --- calls that last ------------------------------------------------------ */

/* A signal that was meant for the helper's last job ends nothing. */
static long run_call(struct zag_job *j)
{
	const struct zag_syscall *c = blocking_of(j)->call;
	long r;

	do {
		r = zag_arch_syscall(&j->stop, c->nr, c->arg);
	} while ((r == -EINTR || r == -ERESTART) && !zag_load_rlx(&j->stop));
	return r == -ERESTART ? -EINTR : r;
}

/* Until the helper has stopped; the kernel has no room for a signal where the
 * user has too many queued: false, it is to be told again. */
static bool has_stopped(struct blocking *b)
{
	zag_time until = b->job.told ? ZAG_NEVER : zag_now() + TELL_AGAIN;

	return zag_wait_sleep(&b->wait, until) == ZAG_WAKE_READY;
}

/* The wait has ended before the call: its result, -EINTR if it has none. */
static long withdraw(struct blocking *b)
{
	int state;

	do {
		state = zag_job_revoke(&b->job);
	} while (state == ZAG_JOB_RUNNING && !has_stopped(b));
	return state == ZAG_JOB_QUEUED ? -EINTR : b->job.result;
}

bool zag_blocking_call(const struct zag_syscall *call, zag_time deadline,
		       bool restarts, long *result)
{
	enum zag_wake reason;
	int err;

	do {
		struct blocking b = {
			.job = { .fn = run_call,
				 .lasting = true,
				 .begin = begin,
				 .done = done },
			.call = call,
		};

		if (!zag_job_submit(&b.job))
			return false;
		zag_why_default(&zag_why_offload, (uintptr_t)call->arg[0]);
		reason = zag_wait_sleep(&b.wait, deadline);
		*result = reason == ZAG_WAKE_READY ? b.job.result :
						     withdraw(&b);
		zag_wait_over();
		if (signals_caller(*result))
			*result = zag_raw6(call->nr, call->arg[0], call->arg[1],
					   call->arg[2], call->arg[3],
					   call->arg[4], call->arg[5]);
		if (reason == ZAG_WAKE_READY)
			return true;
		err = reason == ZAG_WAKE_SIGNAL ?
			      zag_wait_interrupted(restarts) :
			      zag_wake_errno(reason);
		if (*result != -EINTR)
			return true;
		*result = err;
	} while (!err);
	return true;
}

/* A false alarm ends nothing, nor does a handler with SA_RESTART; nor does what
 * comes before the call is made, but for cancellation: it might not have to
 * wait. */
long zag_standing_call(const struct zag_syscall *call, bool restarts,
		       uint64_t open)
{
	enum zag_wake reason = ZAG_WAKE_NONE;
	struct zag_wait w = { 0 };
	bool fiber = zag_fiber_self();
	long r;
	int err;

	do {
		if (fiber)
			zag_wait_stand(&w, open);
		r = zag_arch_syscall(&w.reason, call->nr, call->arg);
		if (fiber)
			reason = zag_wait_stood(&w, open);
		if ((r != -EINTR && r != -ERESTART) || !fiber)
			return r;
		err = reason == ZAG_WAKE_NONE || reason == ZAG_WAKE_SIGNAL ?
			      zag_wait_interrupted(restarts) :
			      zag_wake_errno(reason);
	} while (!err || (r == -ERESTART && reason != ZAG_WAKE_CANCEL));
	return err;
}

int zag_backoff(zag_time *interval, zag_time deadline, bool restarts)
{
	zag_time look;
	struct zag_wait w;
	enum zag_wake reason;
	int r;

	*interval = *interval ? zag_min(2 * *interval, BACKOFF_MOST) :
				BACKOFF_LEAST;
	look = zag_now() + *interval;
	zag_wait_begin(&w);
	zag_why_default(&zag_why_offload, UINTPTR_MAX);
	reason = zag_wait_sleep(&w, zag_min(look, deadline));
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(restarts);
	r = zag_wake_errno(reason);
	return r == -ETIMEDOUT && look < deadline ? 0 : r;
}
