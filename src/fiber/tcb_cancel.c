/* SPDX-License-Identifier: BSD-2-Clause */
/* glibc's word about cancellation, and its way of unwinding a thread. */
#include "config.h"

#include "fiber/tcb_cancel.h"

#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#include "base/atomic.h"
#include "fiber/fiber.h"
#include "fiber/tcb.h"
#include "fiber/tcb_glibc.h"

ptrdiff_t zag_tcb_cancel_offset;

void zag_tcb_cancel_init(void)
{
	zag_tcb_cancel_offset = zag_glibc.self + zag_glibc.cancelhandling;
}

/* The bits mean what we think if these calls change them so.  (In 2.34 and
 * since 2.41, libc keeps state and type elsewhere.) */
const char *zag_tcb_cancel_probe(void)
{
	uint32_t state, type;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	state = zag_tcb_cancel_bits();
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	type = zag_tcb_cancel_bits();
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	if (state != ZAG_CANCEL_DISABLED ||
	    type != (ZAG_CANCEL_DISABLED | ZAG_CANCEL_ASYNC) ||
	    zag_tcb_cancel_bits())
		return "libc keeps cancellation otherwise than 2.36";
	return NULL;
}

bool zag_tcb_unwinder_ready(void)
{
	return zag_glibc.unwind_link() != NULL;
}

/* libc's __do_cancel: its pthread_exit, without a value. */
void zag_tcb_unwind(void)
{
	void *tp = zag_arch_tp();
	__pthread_unwind_buf_t next;

	if (zag_fiber_self() && zag_fiber_self()->is_main)
		zag_tcb_patch_main_unwind();
	zag_or(zag_tcb_cancel_word(tp), ZAG_CANCEL_EXITING);
	memset(&next, 0, sizeof(next));
	next.__pad[0] = ZAG_TCB_FIELD(tp, unwind, void *); /* priv.data.prev */
	__pthread_unwind_next(&next);
}

void zag_tcb_cancel_end(void)
{
	zag_or(zag_tcb_cancel_word(zag_arch_tp()), ZAG_CANCEL_EXITING);
}
