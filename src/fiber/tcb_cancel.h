/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cancellation as glibc keeps it: one word in struct pthread, which libc's own
 * cancellation points, pthread_setcancelstate and pthread_testcancel use, and
 * so do we.  It is the only truth there is about a thread's cancellation.
 */
#ifndef ZAG_FIBER_TCB_CANCEL_H
#define ZAG_FIBER_TCB_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/compiler.h"

/* struct pthread's cancelhandling in glibc 2.36.  From SHIELDED on they are
 * ours: libc keeps bits it does not know. */
enum {
	ZAG_CANCEL_DISABLED = 1 << 0,	/* PTHREAD_CANCEL_DISABLE */
	ZAG_CANCEL_ASYNC = 1 << 1,	/* PTHREAD_CANCEL_ASYNCHRONOUS */
	ZAG_CANCEL_CANCELING = 1 << 2,	/* asked for … */
	ZAG_CANCEL_CANCELED = 1 << 3,	/* … and to be acted on */
	ZAG_CANCEL_EXITING = 1 << 4,	/* it is: nothing more happens */
	ZAG_CANCEL_TERMINATED = 1 << 5,
	ZAG_CANCEL_SHIELDED = 1 << 16,	/* wait with all of it */
	ZAG_CANCEL_INJECTED = 1 << 17,	/* blocking calls fail */
	ZAG_CANCEL_TOLD = 1 << 18,	/* … and a condition has told so */

	ZAG_CANCEL_ASKED = ZAG_CANCEL_CANCELED | ZAG_CANCEL_INJECTED,
};

/* From tp to the word; 0 until known. */
extern ptrdiff_t zag_tcb_cancel_offset;

static inline _Atomic uint32_t *zag_tcb_cancel_word(void *tp)
{
	return (_Atomic uint32_t *)((char *)tp + zag_tcb_cancel_offset);
}

/* The calling thread's or fiber's bits; 0 as long as nothing is known. */
static inline uint32_t zag_tcb_cancel_bits(void)
{
	if (zag_unlikely(!zag_tcb_cancel_offset))
		return 0;
	return atomic_load_explicit(zag_tcb_cancel_word(zag_arch_tp()),
				    memory_order_relaxed);
}

/* Whether the thread is to be unwound at a cancellation point; and anywhere. */
static inline bool zag_cancel_unwinds(uint32_t bits)
{
	return (bits & (ZAG_CANCEL_DISABLED | ZAG_CANCEL_SHIELDED |
			ZAG_CANCEL_CANCELED | ZAG_CANCEL_EXITING |
			ZAG_CANCEL_TERMINATED)) == ZAG_CANCEL_CANCELED;
}

static inline bool zag_cancel_unwinds_now(uint32_t bits)
{
	return (bits & ZAG_CANCEL_ASYNC) && zag_cancel_unwinds(bits);
}

/* Whether its blocking calls are to fail. */
static inline bool zag_cancel_fails(uint32_t bits)
{
	return (bits & (ZAG_CANCEL_INJECTED | ZAG_CANCEL_SHIELDED)) ==
	       ZAG_CANCEL_INJECTED;
}

/* Whether a wait at a cancellation point is over for the caller. */
static inline bool zag_cancel_pending(void)
{
	uint32_t bits = zag_tcb_cancel_bits();

	return zag_unlikely(bits & ZAG_CANCEL_ASKED) &&
	       (zag_cancel_unwinds(bits) || zag_cancel_fails(bits));
}

/*
 * See that the unwinder is there; false: libgcc_s.so.1 cannot be loaded, and
 * nobody can be cancelled.  Calls dlopen the first time.
 */
bool zag_tcb_unwinder_ready(void);

/*
 * Unwind the calling thread or fiber to its first frame, as pthread_exit does:
 * cleanup handlers and C++ destructors run on the way.  No lock of the runtime
 * is held.  From a signal handler too, if the code it has interrupted is the
 * program's or libc's.
 */
void zag_tcb_unwind(void) __attribute__((noreturn));

/* The calling thread is at its end: from here on it is not cancelled. */
void zag_tcb_cancel_end(void);

#endif
