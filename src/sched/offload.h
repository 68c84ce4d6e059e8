/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload: run a call that has no non-blocking form on a helper kernel thread
 * while the calling fiber is parked.
 */
#ifndef ZAG_SCHED_OFFLOAD_H
#define ZAG_SCHED_OFFLOAD_H

#include <stdint.h>

/*
 * Run fn(arg) on a helper thread and return its result.  fn must make raw
 * system calls only (base/raw.h): it runs with a thread pointer that is not
 * the caller's, all signals blocked.  Not interruptible.  With no helper to be
 * had (EAGAIN), or not on a fiber, fn runs on the spot.
 * Context: fiber or native thread; no lock of the runtime held.
 */
long zag_offload(long (*fn)(void *arg), void *arg);

/* Call fn with the kernel thread of every helper; none is made meanwhile. */
void zag_offload_each_thread(void (*fn)(uint32_t tid));

/* In a forked child: there are no helpers. */
void zag_offload_reset(void);

#endif
