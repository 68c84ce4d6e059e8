/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that only the kernel can wait for, made by a helper thread while the
 * fiber is parked.
 */
#ifndef ZAG_WAIT_BLOCKING_H
#define ZAG_WAIT_BLOCKING_H

#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"

/*
 * Run fn(arg) on a helper and return its result.  fn ends by itself (a disk's
 * work), makes raw system calls only, and is not interruptible.  It runs on the
 * spot where no helper can be had, not on a fiber, or where that costs less and
 * delays nobody for long: calls of the same kind (any number, of the system
 * call say) are expected to take the time that they took of late.
 * Context: fiber or native thread; no lock of the runtime held.
 */
long zag_offload(uint32_t kind, long (*fn)(void *arg), void *arg);

/* In a forked child: no helper has any. */
void zag_blocking_reset(void);

/* A system call, as base/raw.h makes it. */
struct zag_syscall {
	long nr;
	long arg[6];
};

/*
 * Make a call that may last for as long as others like.  *result is the
 * kernel's; or -EINTR, when a signal handler has ended it (not one with
 * SA_RESTART, if the call restarts), or -ETIMEDOUT at the deadline: then the
 * call has had no effect.  False: no helper can be had, nothing was done.
 * Context: fiber; no lock of the runtime held.
 */
bool zag_blocking_call(const struct zag_syscall *call, zag_time deadline,
		       bool restarts, long *result);

/*
 * Make it here, on the carrier: where that costs less since it seldom waits, no
 * helper can be had, or signals of the kernel's own must reach the caller.
 * Handoff covers for the carrier.  The kernel's result, or -EINTR, as above, or
 * -ZAG_ECANCEL: then the call has had no effect.  Of a fiber whose calls are to
 * fail it does not, unless that is said while it waits.  In the kernel this thread's
 * mask has the signals `open` open meanwhile: what asks for it gets an answer.
 * Context: any thread; no lock of the runtime held.
 */
long zag_standing_call(const struct zag_syscall *call, bool restarts,
		       uint64_t open);

/*
 * For where no helper can be had: sleep, longer each time (`interval` begins
 * as 0), before trying again what does not block.  0: try; -EINTR, -ETIMEDOUT.
 * Context: as above.
 */
int zag_backoff(zag_time *interval, zag_time deadline, bool restarts);

#endif
