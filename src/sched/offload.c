/* SPDX-License-Identifier: BSD-2-Clause */
/* Offload: helper kernel threads for calls that cannot be made to wait. */
#include "config.h"

#include "sched/offload.h"

#include <errno.h>
#include <string.h>

#include "base/futex.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "fiber/tcb.h"
#include "sched/kthread.h"
#include "sched/sched.h"

enum {
	STACK = 64 * 1024,
	LINGER_S = 2, /* an idle helper ends after this, as spare carriers do */
};

struct helper {
	_Atomic uint32_t alive; /* the kernel clears it when the thread ends */
	uint32_t tid;
	struct zag_fiber *slot;
	struct zag_job *job; /* that it runs */
};

static struct {
	/* Protects all but `signal`, and the jobs that are queued or run;
	 * before run queue locks. */
	struct zag_lock lock;
	TAILQ_HEAD(, zag_job) queue;
	uint32_t idle;	  /* helpers waiting for a job, not yet given one */
	uint32_t queued;  /* jobs in the list */
	uint32_t working; /* helpers that will come for a job, or have one */
	uint32_t lasting; /* jobs that last, queued or running */
	struct helper helpers[ZAG_HELPERS_MOST];
	_Atomic uint32_t signal; /* futex: rises with every job */
} offload;

static struct zag_job *take(struct helper *h)
{
	struct zag_job *j = TAILQ_FIRST(&offload.queue);

	if (!j)
		return NULL;
	TAILQ_REMOVE(&offload.queue, j, link);
	offload.queued--;
	j->state = ZAG_JOB_RUNNING;
	h->job = j;
	return j;
}

static void append(struct zag_job *j)
{
	j->state = ZAG_JOB_QUEUED;
	ZAG_TAILQ_APPEND(&offload.queue, j, link);
	offload.queued++;
	offload.lasting += j->lasting;
}

static void unqueue(struct zag_job *j)
{
	TAILQ_REMOVE(&offload.queue, j, link);
	offload.queued--;
	offload.lasting -= j->lasting;
}

/* The next job; NULL when there was none for long. */
static struct zag_job *wait_for_job(struct helper *h)
{
	struct timespec until;
	struct zag_job *j;
	uint32_t seen;
	long r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LINGER_S;
	zag_lock(&offload.lock);
	offload.idle++;
	while (!(j = take(h)) && r != -ETIMEDOUT) {
		seen = zag_load_rlx(&offload.signal);
		zag_unlock(&offload.lock);
		r = zag_futex_wait(&offload.signal, seen, &until);
		zag_lock(&offload.lock);
	}
	offload.idle--;
	offload.working -= !j;
	zag_unlock(&offload.lock);
	return j;
}

static void finish(struct helper *h, long result)
{
	struct zag_job *j = h->job;

	zag_lock(&offload.lock);
	h->job = NULL;
	offload.lasting -= j->lasting;
	j->result = result;
	j->state = ZAG_JOB_DONE;
	j->done(j); /* whoever wants to leave takes the lock before */
	zag_unlock(&offload.lock);
}

static int helper_main(void *arg)
{
	const uint64_t not_for_us = ZAG_SIGNALS_ERROR;
	struct helper *h = arg;
	struct zag_job *j;

	zag_kthread_enter("zag-offload");
	zag_raw(SYS_rt_sigprocmask, SIG_BLOCK, &not_for_us, NULL,
		sizeof(not_for_us));
	while ((j = wait_for_job(h)))
		finish(h, j->fn(j));
	return 0;
}

/* The lock is held: it keeps a helper's place from being taken twice. */
static struct helper *free_place(void)
{
	for (int i = 0; i < ZAG_HELPERS_MOST; i++)
		if (!zag_load_acq(&offload.helpers[i].alive))
			return &offload.helpers[i];
	return NULL;
}

/* One more helper, if there is room for it; takes *slot if it needs one.  The
 * lock is held. */
static bool add_helper(struct zag_fiber **slot)
{
	struct helper *h = free_place();

	if (!h || !(h->slot || *slot))
		return false;
	if (!h->slot) {
		h->slot = *slot;
		*slot = NULL;
		/* Now that it is no fiber's: one given back must be. */
		ZAG_TCB_AT(h->slot->ctx.tp, ZAG_TCB_OFFSET(zag_fiber_current),
			   void *) = NULL;
	}
	if (zag_kthread_start(h->slot, helper_main, h, &h->tid, &h->alive))
		return false;
	offload.working++;
	return true;
}

static bool helper_wanted(void)
{
	return offload.queued >= offload.idle;
}

/* Whether a helper will come for j.  The lock is held. */
static bool helper_for(const struct zag_job *j, struct zag_fiber **slot)
{
	if (j->lasting && offload.lasting >= ZAG_HELPERS_LASTING)
		return false;
	if (!helper_wanted() || add_helper(slot))
		return true;
	return !j->lasting && offload.working > offload.lasting;
}

static _Atomic uint64_t jobs; /* so far */

uint64_t zag_offload_count(void)
{
	return zag_load_rlx(&jobs);
}

bool zag_job_submit(struct zag_job *j)
{
	struct zag_fiber *slot = NULL;
	bool ok;

	/* Before any lock is taken: it calls the program's allocator. */
	if (helper_wanted())
		slot = zag_fiber_get(STACK, zag_page_size());
	zag_lock(&offload.lock);
	ok = helper_for(j, &slot);
	if (ok) {
		j->begin(j);
		append(j);
		zag_add(&offload.signal, 1);
	}
	zag_unlock(&offload.lock);
	if (slot)
		zag_fiber_put(slot);
	if (ok)
		zag_futex_wake(&offload.signal, 1);
	zag_add(&jobs, ok);
	return ok;
}

/* The lock is held, so the helper is still at it. */
static void interrupt(struct zag_job *j)
{
	struct helper *h = offload.helpers;

	while (h->job != j)
		h++;
	zag_store_rlx(&j->stop, 1);
	j->told = !zag_raw(SYS_tgkill, zag_raw(SYS_getpid), h->tid, ZAG_SIGNAL);
}

int zag_job_revoke(struct zag_job *j)
{
	int state;

	zag_lock(&offload.lock);
	state = j->state;
	if (state == ZAG_JOB_QUEUED) {
		unqueue(j);
	} else if (state == ZAG_JOB_RUNNING) {
		j->begin(j);
		interrupt(j);
	}
	zag_unlock(&offload.lock);
	return state;
}

void zag_offload_each_thread(void (*fn)(uint32_t tid))
{
	zag_lock(&offload.lock);
	for (int i = 0; i < ZAG_HELPERS_MOST; i++)
		if (zag_load_acq(&offload.helpers[i].alive))
			fn(offload.helpers[i].tid);
	zag_unlock(&offload.lock);
}

void zag_offload_reset(void)
{
	memset(&offload, 0, sizeof(offload));
}
