/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload: run a call that has no non-blocking form on a helper kernel thread
 * while the calling fiber is parked.  wait/blocking.h is the way to it.
 *
 * There are two kinds of jobs.  One ends by itself, like a disk's: at the
 * bound it queues for a helper.  The other lasts until somebody else does
 * something, perhaps by such a job: it is taken only if a helper is free for
 * it, and some helpers are never given to them.
 */
#ifndef ZAG_SCHED_OFFLOAD_H
#define ZAG_SCHED_OFFLOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/queue.h"

enum {
	ZAG_HELPERS_MOST = 64,
	ZAG_HELPERS_LASTING = 48, /* with jobs that last, at most */
};

/* One job; on its fiber's stack. */
struct zag_job {
	/* Runs on a helper, with a thread pointer that is not the caller's and
	 * signals blocked, ZAG_SIGNALS_ERROR too: raw system calls only
	 * (base/raw.h).  A job that lasts looks at `stop`: see
	 * zag_arch_syscall. */
	long (*fn)(struct zag_job *j);
	bool lasting;
	/* Under the pool's lock: begin when the job is queued for sure, the
	 * caller arms its wait; done when it has its result.  Then the job is
	 * the caller's again. */
	void (*begin)(struct zag_job *j);
	void (*done)(struct zag_job *j);

	/* The pool's. */
	long result;
	_Atomic uint32_t stop;
	bool told; /* to stop; not where the kernel has refused the signal */
	enum { ZAG_JOB_QUEUED, ZAG_JOB_RUNNING, ZAG_JOB_DONE } state;
	TAILQ_ENTRY(zag_job) link;
};

/*
 * Have j done.  False: no helper can be had, nothing was called.
 * Context: fiber; no lock of the runtime held.
 */
bool zag_job_submit(struct zag_job *j);

/*
 * The caller does not want to wait for j any more.  ZAG_JOB_QUEUED: it never
 * began, and is the caller's; ZAG_JOB_DONE: so it is, with its result;
 * ZAG_JOB_RUNNING: j->begin was called once more and j->done will be; j->told if
 * it was told to stop, else this is to be called again after a while.
 * Context: as above.
 */
int zag_job_revoke(struct zag_job *j);

/* Call fn with the kernel thread of every helper; none is made meanwhile. */
void zag_offload_each_thread(void (*fn)(uint32_t tid));

/* How many jobs were given to helpers so far. */
uint64_t zag_offload_count(void);

/* In a forked child: there are no helpers. */
void zag_offload_reset(void);

#endif
