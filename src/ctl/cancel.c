/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelling threads, and acting on it. */
#include "config.h"

#include "ctl/cancel.h"

#include <errno.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"
#include "fiber/tcb.h"

/* Set bits in a thread's word; what it was. */
static uint32_t mark(void *tp, uint32_t bits)
{
	return zag_or(zag_tcb_cancel_word(tp), bits);
}

static void need_unwinder(void)
{
	if (zag_tcb_unwinder_ready())
		return;
	zag_log(ZAG_LOG_ERROR,
		"libgcc_s.so.1 must be installed for pthread_cancel to work");
	abort();
}

static void send_look(struct zag_fiber *f)
{
	siginfo_t si = { .si_signo = ZAG_SIGNAL, .si_code = SI_TKILL };

	si.si_pid = (pid_t)zag_raw(SYS_getpid);
	zag_signal_send(f, &si);
}

/*
 * A fiber in a cancellation point is woken, and acts when its call has ended.
 * Any other one goes on, unless it has asked to be interrupted anywhere.
 */
static void unwind_fiber(struct zag_fiber *f)
{
	const uint32_t asked = ZAG_CANCEL_CANCELING | ZAG_CANCEL_CANCELED;
	uint32_t was = mark(f->ctx.tp, asked);

	if ((was & ZAG_CANCEL_CANCELED) || !zag_cancel_unwinds(was | asked))
		return;
	if (f == zag_fiber_self())
		zag_cancel_arrived();
	else if (!zag_wait_end(f, ZAG_WAKE_CANCEL) &&
		 zag_cancel_unwinds_now(was | asked))
		send_look(f);
}

/* One that libc has made: in libc's calls it is asynchronous where it blocks,
 * in ours it has a wait that can be ended. */
static int unwind_native(pthread_t t)
{
	const uint32_t asked = ZAG_CANCEL_CANCELING | ZAG_CANCEL_CANCELED;
	void *tp = zag_tcb_tp(t);
	uint32_t tid = ZAG_TCB_AT(tp, zag_tcb_tid_offset, uint32_t), was;

	if (!tid)
		return 0; /* it has ended by itself */
	was = mark(tp, asked);
	if ((was & ZAG_CANCEL_CANCELED) || !zag_cancel_unwinds(was | asked))
		return 0;
	if (tp == zag_arch_tp())
		zag_cancel_arrived();
	else if (!zag_wait_end_native(tp, ZAG_WAKE_CANCEL) &&
		 zag_cancel_unwinds_now(was | asked))
		zag_raw(SYS_tgkill, zag_raw(SYS_getpid), tid, ZAG_SIGNAL);
	return 0;
}

int zag_cancel_thread(pthread_t t)
{
	struct zag_fiber *f = zag_fiber_of(t);

	need_unwinder();
	if (!f)
		return unwind_native(t);
	if (zag_load_acq(&f->state) == ZAG_FIBER_FREE)
		return ESRCH;
	if (zag_load_acq(&f->state) != ZAG_FIBER_DONE)
		unwind_fiber(f);
	return 0;
}

static void fail_fiber(struct zag_fiber *f, int err)
{
	_Atomic uint32_t *word = zag_tcb_cancel_word(f->ctx.tp);

	f->cancel_errno = err;
	zag_store_rlx(&f->cancel_fails, 0);
	zag_and(word, ~(uint32_t)ZAG_CANCEL_TOLD);
	if (zag_cancel_fails(mark(f->ctx.tp, ZAG_CANCEL_INJECTED) |
			     ZAG_CANCEL_INJECTED))
		zag_wait_end(f, ZAG_WAKE_FAIL);
}

int zag_cancel_fiber(struct zag_fiber *f, uint64_t id,
		     enum zag_cancel_mode mode, int err)
{
	uint32_t state = zag_load_acq(&f->state);

	if (f->id != id || state == ZAG_FIBER_FREE || state == ZAG_FIBER_DONE)
		return -ESRCH;
	if (mode == ZAG_CANCEL_ERROR) {
		fail_fiber(f, err);
	} else {
		need_unwinder();
		unwind_fiber(f);
	}
	return 0;
}

/* --- on the thread itself ------------------------------------------------ */

long zag_cancel_check_slow(void)
{
	return zag_cancel_unwinds(zag_tcb_cancel_bits()) ? -ZAG_ECANCEL : 0;
}

/* Its time is over: its calls fail, or it is unwound if it is its whole life's
 * and the operator wants that. */
static long expire(struct zag_fiber *f)
{
	if (zag_opt.cancel == ZAG_CANCEL_ERROR || zag_now() < f->lifetime)
		return -ETIMEDOUT;
	need_unwinder();
	mark(f->ctx.tp, ZAG_CANCEL_CANCELING | ZAG_CANCEL_CANCELED);
	if (!zag_cancel_unwinds(zag_tcb_cancel_bits()))
		return -ETIMEDOUT;
	f->result = PTHREAD_CANCELED;
	zag_tcb_unwind();
}

long zag_cancel_act(void)
{
	uint32_t bits = zag_tcb_cancel_bits();
	struct zag_fiber *f = zag_fiber_self();

	if (zag_cancel_unwinds(bits)) {
		if (f)
			f->result = PTHREAD_CANCELED;
		zag_tcb_unwind();
	}
	if (f && zag_cancel_fails(bits)) {
		zag_add(&f->cancel_fails, 1);
		return -f->cancel_errno;
	}
	if (f && zag_now() >= f->expires)
		return expire(f);
	/* A handler that has run meanwhile may have changed its mind. */
	return -EINTR;
}

void zag_cancel_tell(void)
{
	zag_or(zag_tcb_cancel_word(zag_arch_tp()), ZAG_CANCEL_TOLD);
}

long zag_cancel_failed_slow(void)
{
	struct zag_fiber *f = zag_fiber_self();
	uint32_t bits = zag_tcb_cancel_bits();

	if (zag_cancel_fails(bits) ||
	    (zag_now() >= f->expires && !(bits & ZAG_CANCEL_SHIELDED)))
		return -ZAG_ECANCEL;
	return 0;
}

void zag_cancel_arrived(void)
{
	struct zag_fiber *f = zag_fiber_self();
	const uint64_t look = ZAG_SIGBIT(ZAG_SIGNAL);

	if (zag_lock_depth || zag_wait_open ||
	    !zag_cancel_unwinds_now(zag_tcb_cancel_bits()))
		return;
	if (f) {
		f->result = PTHREAD_CANCELED;
		f->sigdelivers = false; /* its handler is left for good */
	}
	zag_raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &look, NULL, sizeof(look));
	zag_tcb_unwind();
}
