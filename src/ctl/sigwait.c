/* SPDX-License-Identifier: BSD-2-Clause */
/* Masks, waiting for signals, what is pending. */
#include "config.h"

#include <errno.h>
#include <time.h>

#include "base/raw.h"
#include "ctl/sig.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"
#include "fiber/sigmask.h"
#include "fiber/why.h"
#include "sched/sched.h"

#define NEVER_BLOCKED (ZAG_SIG_UNMASKABLE | ZAG_SIG_HIDDEN)

/* Take what is pending in the kernel, and is in `set`. */
static bool take_from_kernel(uint64_t set, siginfo_t *si)
{
	const struct timespec now = { 0, 0 };

	set &= ~(ZAG_SIGNALS_FAULT | ZAG_SIG_HIDDEN);
	return set && zag_raw(SYS_rt_sigtimedwait, &set, si, &now,
			      sizeof(set)) > 0;
}

static void fetch(uint64_t set)
{
	siginfo_t si;

	while (take_from_kernel(set, &si))
		if (!zag_sigqueue_add(NULL, &si))
			break;
}

/*
 * What everybody has blocked may be pending in the kernel: it becomes so here,
 * before the monitor can take it, which would be later.
 */
void zag_sig_change_mask(struct zag_fiber *f, uint64_t mask)
{
	uint64_t opened = zag_load_rlx(&f->sigmask) & ~mask;

	fetch(opened & zag_sigmask_blocked_by_all());
	zag_sigmask_change(f, mask & ~NEVER_BLOCKED);
	zag_sigmask_opened(f, opened);
}

void zag_signal_set_mask(uint64_t mask)
{
	struct zag_fiber *f = zag_fiber_self();
	uint64_t was = zag_load_rlx(&f->sigmask);

	zag_sig_change_mask(f, mask);
	if (zag_unlikely(zag_load_acq(&zag_sigmask_shared) & mask & ~was))
		zag_sig_retarget(mask & ~was);
	if (!(was & ~mask))
		return;
	zag_asymmetric_fence(); /* pairs with the senders' membarrier */
	zag_sig_deliver_here(f);
}

void zag_signal_open(uint64_t mask)
{
	struct zag_fiber *f = zag_fiber_self();

	f->sigsaved = zag_load_rlx(&f->sigmask);
	f->sigswapped = true;
	zag_compiler_fence();
	zag_sig_change_mask(f, mask);
}

void zag_signal_close(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!f->sigswapped)
		return; /* a handler has run */
	f->sigswapped = false;
	zag_signal_set_mask(f->sigsaved);
	zag_sig_deliver_here(f);
}

uint64_t zag_signal_pending(void)
{
	struct zag_fiber *f = zag_fiber_self();
	uint64_t kernel = 0;

	zag_raw(SYS_rt_sigpending, &kernel, sizeof(kernel));
	return (kernel | zag_load_acq(&f->sigpending) |
		zag_load_acq(&zag_sigmask_shared)) &
	       zag_load_rlx(&f->sigmask);
}

static bool take(struct zag_fiber *f, uint64_t set, siginfo_t *si)
{
	return zag_sigqueue_take(f, set, si) || take_from_kernel(set, si);
}

/* Nobody but a handler's frame comes in here: the waiter is known to senders,
 * so whatever ends the wait, take has to be tried again. */
int zag_signal_wait(uint64_t set, siginfo_t *si, zag_time deadline)
{
	struct zag_fiber *f = zag_fiber_self();
	struct zag_sigwaiter w = { .fiber = f, .set = set & ~ZAG_SIG_HIDDEN };
	struct zag_wait wait;
	enum zag_wake reason;

	for (;;) {
		if (take(f, w.set, si))
			return si->si_signo;
		zag_wait_begin(&wait);
		zag_why_set(&zag_why_signals, set);
		zag_sig_add_waiter(&w);
		reason = zag_wait_sleep(&wait, deadline);
		zag_sig_remove_waiter(&w);
		zag_wait_over();
		if (take(f, w.set, si))
			return si->si_signo;
		if (reason == ZAG_WAKE_TIMEOUT)
			return -EAGAIN;
		if (reason != ZAG_WAKE_SIGNAL && reason != ZAG_WAKE_READY)
			return -ZAG_ECANCEL;
		if (reason == ZAG_WAKE_SIGNAL && zag_wait_interrupted(false))
			return -EINTR;
	}
}

int zag_signal_suspend(uint64_t mask)
{
	struct zag_wait wait;
	enum zag_wake reason;

	zag_signal_open(mask);
	do {
		zag_wait_begin(&wait);
		zag_why_set(&zag_why_signals, ~mask);
		reason = zag_wait_sleep(&wait, ZAG_NEVER);
	} while (reason == ZAG_WAKE_SIGNAL && !zag_wait_interrupted(false));
	zag_wait_over();
	zag_signal_close();
	return reason == ZAG_WAKE_SIGNAL ? -EINTR : -ZAG_ECANCEL;
}

/* --- for another program ------------------------------------------------- */

void zag_signal_native_enter(uint64_t *kernel)
{
	struct zag_fiber *f = zag_fiber_self();

	zag_sigmask_set(zag_load_rlx(&f->sigmask) & ~ZAG_SIG_HIDDEN, kernel);
	f->mask_in_kernel = true;
}

void zag_signal_native_leave(const uint64_t *kernel)
{
	zag_fiber_self()->mask_in_kernel = false;
	zag_sigmask_restore(kernel);
}

void zag_signal_native_pending(void)
{
	struct zag_fiber *f = zag_fiber_self();
	long pid = zag_raw(SYS_getpid), tid = zag_raw(SYS_gettid);
	siginfo_t si;

	if (!zag_load_acq(&zag_sigmask_shared) &&
	    !zag_load_acq(&f->sigpending))
		return;
	while (zag_sigqueue_take(f, zag_load_rlx(&f->sigmask), &si))
		if (zag_raw(SYS_rt_tgsigqueueinfo, pid, tid, si.si_signo, &si))
			zag_raw(SYS_tgkill, pid, tid, si.si_signo);
}

void zag_signal_native_return(void)
{
	struct zag_fiber *f = zag_fiber_self();
	siginfo_t si;

	while (take_from_kernel(zag_load_rlx(&f->sigmask), &si))
		if (!zag_sigqueue_add(f, &si))
			break;
}
