/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cancellation, POSIX.1-2017 XSH 2.9.5, and its injection from outside.
 *
 * Whether a thread is cancelled is glibc's word in its TCB (fiber/tcb_cancel.h)
 * and nothing else.  Deferred: the wait floor ends the waits of cancellation
 * points with ZAG_WAKE_CANCEL, the call puts everything in order and returns
 * -ZAG_ECANCEL, and the exported function acts on it (wrap/wrap.h: ZAG_POINT).
 * Asynchronous: signal 32, as in glibc, which the signal floor delivers as it
 * does any other; but it is nobody's to block or to handle.
 *
 * Injection in the mode `error` is the same, but that the call fails instead.
 */
#ifndef ZAG_CTL_CANCEL_H
#define ZAG_CTL_CANCEL_H

#include <pthread.h>
#include <stdbool.h>

#include "fiber/fiber.h"
#include "fiber/tcb_cancel.h"
#include "wait/wait.h"

enum zag_cancel_mode { /* as the option cancel has them */
	ZAG_CANCEL_ERROR,  /* waits fail, now and from now on */
	ZAG_CANCEL_UNWIND, /* as pthread_cancel */
};

/*
 * pthread_cancel(3), of a fiber or a native thread, also oneself: then, if it
 * is asynchronous, it does not return.  0 or ESRCH.  Fiber or native thread,
 * once the runtime has booted; no lock of the runtime held.
 */
int zag_cancel_thread(pthread_t t);

/*
 * Cancel the fiber with this id, if f is still it, in either mode; err is what
 * its calls fail with in the mode `error`.  0, -ESRCH.  Any thread, no lock of
 * the runtime held.
 */
int zag_cancel_fiber(struct zag_fiber *f, uint64_t id,
		     enum zag_cancel_mode mode, int err);

/*
 * A call was ended with -ZAG_ECANCEL and all is in order: unwinds the caller,
 * or returns the -errno that the call fails with.
 */
long zag_cancel_act(void);

/* Signal 32 has come: unwind the caller if it may be, right here. */
void zag_cancel_arrived(void);

long zag_cancel_check_slow(void);

/* At the entry of a cancellation point, which a call begins with: 0, or
 * -ZAG_ECANCEL. */
static inline long zag_cancel_check(void)
{
	zag_wait_no_point = false;
	zag_fiber_call_begins(zag_fiber_self());
	if (zag_unlikely(zag_tcb_cancel_bits() & ZAG_CANCEL_CANCELED))
		return zag_cancel_check_slow();
	return 0;
}

/* A condition has woken without a reason: that is not to happen again. */
void zag_cancel_tell(void);

long zag_cancel_failed_slow(void);

/*
 * For calls that are to fail even if they would not block: 0, or -ZAG_ECANCEL
 * when this fiber's calls are to fail, or its time is over.  Fiber.
 */
static inline long zag_cancel_failed(void)
{
	if (zag_likely(!(zag_tcb_cancel_bits() & ZAG_CANCEL_INJECTED) &&
		       zag_fiber_self()->expires == ZAG_NEVER))
		return 0;
	return zag_cancel_failed_slow();
}

#endif
