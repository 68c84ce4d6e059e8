/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for what a helper thread does. */
#include "config.h"

#include "wait/blocking.h"

#include <errno.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "fiber/why.h"
#include "sched/offload.h"
#include "sched/sched.h"

#define BACKOFF_LEAST (ZAG_NSEC / 4000)
#define BACKOFF_MOST (ZAG_NSEC / 100)

/* A job and the wait of its fiber. */
struct blocking {
	struct zag_job job;
	struct zag_wait wait;
	bool deaf;
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

static long run_function(struct zag_job *j)
{
	struct blocking *b = blocking_of(j);

	return b->fn(b->arg);
}

/* Who is the only fiber delays nobody, and none is made while it is in a call;
 * should a thread of another kind make one, there is the monitor. */
static bool alone(void)
{
	return zag_load_acq(&zag_sched.fibers) == 1;
}

long zag_offload(long (*fn)(void *arg), void *arg)
{
	struct blocking b = {
		.job = { .fn = run_function, .begin = begin, .done = done },
		.deaf = true,
		.fn = fn,
		.arg = arg,
	};

	if (!zag_fiber_self())
		return fn(arg);
	if (alone() || !zag_job_submit(&b.job)) {
		zag_why_clear(zag_fiber_self());
		return fn(arg);
	}
	zag_why_default(&zag_why_offload, UINTPTR_MAX);
	zag_wait_sleep(&b.wait, ZAG_NEVER);
	zag_wait_over();
	return b.job.result;
}

/* A signal that was meant for the helper's last job ends nothing. */
static long run_call(struct zag_job *j)
{
	const struct zag_syscall *c = blocking_of(j)->call;
	long r;

	do {
		r = zag_arch_syscall(&j->stop, c->nr, c->arg);
	} while (r == -EINTR && !zag_load_rlx(&j->stop));
	return r;
}

/* The wait has ended before the call: its result, -EINTR if it has none. */
static long withdraw(struct blocking *b)
{
	switch (zag_job_revoke(&b->job)) {
	case ZAG_JOB_QUEUED:
		return -EINTR;
	case ZAG_JOB_RUNNING:
		zag_wait_sleep(&b->wait, ZAG_NEVER);
		return b->job.result;
	default:
		return b->job.result;
	}
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
