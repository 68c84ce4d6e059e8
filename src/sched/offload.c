/* SPDX-License-Identifier: BSD-2-Clause */
/* Offload: helper kernel threads for calls that cannot be made to wait. */
#include "config.h"

#include "sched/offload.h"

#include <errno.h>
#include <string.h>

#include "base/futex.h"
#include "base/page.h"
#include "fiber/tcb.h"
#include "sched/kthread.h"
#include "sched/sched.h"

enum {
	HELPERS_MOST = 64,
	STACK = 64 * 1024,
	LINGER_S = 10, /* an idle helper ends after this */
};

/* One call; on its fiber's stack. */
struct job {
	long (*fn)(void *arg);
	void *arg;
	long result;
	struct zag_fiber *fiber;
	struct job *next;
};

struct helper {
	_Atomic uint32_t alive; /* the kernel clears it when the thread ends */
	uint32_t tid;
	struct zag_fiber *slot;
};

static struct {
	struct zag_lock lock; /* protects all but `signal`; a leaf */
	struct job *first, **last;
	uint32_t idle;	 /* helpers waiting for a job, not yet given one */
	uint32_t queued; /* jobs in the list */
	struct helper helpers[HELPERS_MOST];
	_Atomic uint32_t signal; /* futex: rises with every job */
} offload;

static struct job *take(void)
{
	struct job *j = offload.first;

	if (!j)
		return NULL;
	offload.first = j->next;
	offload.queued--;
	return j;
}

static void append(struct job *j)
{
	j->next = NULL;
	if (!offload.first)
		offload.last = &offload.first;
	*offload.last = j;
	offload.last = &j->next;
	offload.queued++;
}

/* The next job; NULL when there was none for long. */
static struct job *wait_for_job(void)
{
	struct timespec until;
	struct job *j;
	uint32_t seen;
	long r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LINGER_S;
	zag_lock(&offload.lock);
	offload.idle++;
	while (!(j = take()) && r != -ETIMEDOUT) {
		seen = zag_load_rlx(&offload.signal);
		zag_unlock(&offload.lock);
		r = zag_futex_wait(&offload.signal, seen, &until);
		zag_lock(&offload.lock);
	}
	offload.idle--;
	zag_unlock(&offload.lock);
	return j;
}

static int helper_main(void *arg)
{
	struct job *j;

	(void)arg;
	zag_kthread_enter("zag-offload");
	while ((j = wait_for_job())) {
		struct zag_fiber *f = j->fiber;

		j->result = j->fn(j->arg);
		zag_unpark(f); /* from here on *j is gone */
	}
	return 0;
}

/* The lock is held: it keeps a helper's place from being taken twice. */
static struct helper *free_place(void)
{
	for (int i = 0; i < HELPERS_MOST; i++)
		if (!zag_load_acq(&offload.helpers[i].alive))
			return &offload.helpers[i];
	return NULL;
}

/* A helper's stack and TCB, made before any lock is taken: it calls the
 * program's allocator. */
static struct zag_fiber *make_slot(void)
{
	struct zag_fiber *slot = zag_fiber_get(STACK, zag_page_size());

	if (slot)
		ZAG_TCB_AT(slot->ctx.tp, ZAG_TCB_OFFSET(zag_fiber_current),
			   void *) = NULL;
	return slot;
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
	}
	return zag_kthread_start(h->slot, helper_main, h, &h->tid,
				 &h->alive) == 0;
}

static bool helper_wanted(void)
{
	return offload.queued >= offload.idle;
}

/*
 * Queue j, with a helper to come for it.  False: none can be had.  A job never
 * waits for another's end, which may depend on it: at the bound it is not
 * taken, and handoff covers for the caller.
 */
static bool submit(struct job *j)
{
	struct zag_fiber *slot = NULL;
	bool ok;

	if (helper_wanted())
		slot = make_slot();
	zag_lock(&offload.lock);
	ok = !helper_wanted() || add_helper(&slot);
	if (ok) {
		zag_store_rel(&j->fiber->state, ZAG_FIBER_PARKING);
		append(j);
		zag_add(&offload.signal, 1);
	}
	zag_unlock(&offload.lock);
	if (slot)
		zag_fiber_put(slot);
	if (ok)
		zag_futex_wake(&offload.signal, 1);
	return ok;
}

long zag_offload(long (*fn)(void *arg), void *arg)
{
	struct job j = { .fn = fn, .arg = arg, .fiber = zag_fiber_self() };

	if (!j.fiber || !submit(&j))
		return fn(arg);
	zag_park();
	return j.result;
}

void zag_offload_each_thread(void (*fn)(uint32_t tid))
{
	zag_lock(&offload.lock);
	for (int i = 0; i < HELPERS_MOST; i++)
		if (zag_load_acq(&offload.helpers[i].alive))
			fn(offload.helpers[i].tid);
	zag_unlock(&offload.lock);
}

void zag_offload_reset(void)
{
	memset(&offload, 0, sizeof(offload));
}
