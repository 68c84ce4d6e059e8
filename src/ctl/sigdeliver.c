/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the program's handlers, on the fiber that is to run them. */
#include "config.h"

#include <errno.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/raw.h"
#include "ctl/cancel.h"
#include "ctl/disposition.h"
#include "ctl/sig.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"
#include "fiber/sigmask.h"
#include "sched/sched.h"

#define AUTODISARM (1 << 31) /* SS_AUTODISARM, in linux/signal.h */

/* The kernel's part of a mask: libc's is larger than what a signal frame has
 * room for. */
static uint64_t *mask_of(ucontext_t *uc)
{
	return (uint64_t *)&uc->uc_sigmask;
}

void (*zag_signal_on_own_end)(void);

/* The default action, by the kernel, on this thread. */
void zag_signal_default(int signo)
{
	uint64_t bit = ZAG_SIGBIT(signo), old, open;

	if (signo == SIGCHLD || signo == SIGURG || signo == SIGWINCH ||
	    signo == SIGCONT)
		return;
	if (zag_sig_graceful(signo)) {
		if (zag_signal_on_own_end)
			zag_signal_on_own_end();
		zag_disposition_set(signo, NULL, 0, 0); /* it was ours */
	}
	zag_sigmask_set(UINT64_MAX, &old);
	open = old & ~bit;
	zag_raw(SYS_tgkill, zag_raw(SYS_getpid), zag_raw(SYS_gettid), signo);
	zag_sigmask_set(open, NULL);
	zag_sigmask_set(old, NULL); /* it stopped, and was continued */
}

/* --- the alternate stack ------------------------------------------------- */

static bool within(const stack_t *ss, const void *p)
{
	return !(ss->ss_flags & SS_DISABLE) &&
	       (uintptr_t)p - (uintptr_t)ss->ss_sp < ss->ss_size;
}

bool zag_signal_on_altstack(const struct zag_fiber *f)
{
	return !(f->altstack.ss_flags & AUTODISARM) &&
	       within(&f->altstack, __builtin_frame_address(0));
}

static void call_on_altstack(struct zag_fiber *f, const struct sigaction *a,
			     siginfo_t *si, ucontext_t *uc)
{
	char *top = (char *)f->altstack.ss_sp + f->altstack.ss_size;
	bool disarm = f->altstack.ss_flags & AUTODISARM;

	if (disarm)
		f->altstack = (stack_t){ .ss_flags = SS_DISABLE };
	zag_arch_call_on(top, a->sa_sigaction, si->si_signo, si, uc);
	if (disarm)
		f->altstack = uc->uc_stack;
}

static void call(struct zag_fiber *f, const struct sigaction *a, siginfo_t *si,
		 ucontext_t *uc)
{
	if ((a->sa_flags & SA_ONSTACK) &&
	    !(f->altstack.ss_flags & SS_DISABLE) && !zag_signal_on_altstack(f))
		call_on_altstack(f, a, si, uc);
	else
		a->sa_sigaction(si->si_signo, si, uc);
}

/* --- one handler --------------------------------------------------------- */

/*
 * The handler sees in *uc what a thread would, and may change it: returns the
 * mask that is to be the fiber's again.  What the kernel restores is put back.
 * errno, and what is known of the wait that was interrupted, is the fiber's.
 */
static uint64_t call_as_thread(struct zag_fiber *f, const struct sigaction *a,
			       siginfo_t *si, ucontext_t *uc, uint64_t mask)
{
	uint32_t seen = f->seen_handlers, seen_int = f->seen_interruptions;
	uint64_t carriers = *mask_of(uc);
	int err = errno;

	*mask_of(uc) = mask;
	uc->uc_stack = f->altstack;
	f->sigdelivers = false;
	call(f, a, si, uc);
	if (zag_fiber_self() != f)
		return 0; /* in a forked child: natively from here on */
	f->sigdelivers = true;
	mask = *mask_of(uc);
	*mask_of(uc) = carriers;
	f->seen_handlers = seen;
	f->seen_interruptions = seen_int;
	errno = err;
	return mask;
}

/* As the kernel, which makes all frames before any handler runs: the last that
 * is pending and not blocked runs first. */
static void deliver_others(struct zag_fiber *f, void *uc)
{
	uint32_t interruptions = f->interruptions;
	siginfo_t si;

	while (zag_sigqueue_take(f, ~zag_load_rlx(&f->sigmask), &si))
		zag_sig_deliver(f, &si, uc);
	f->interruptions = interruptions; /* the first one decides */
}

static uint64_t mask_during(const struct sigaction *a, int signo, uint64_t mask)
{
	mask |= zag_sigset_bits(&a->sa_mask);
	if (!(a->sa_flags & SA_NODEFER))
		mask |= ZAG_SIGBIT(signo);
	return mask & ~(ZAG_SIG_UNMASKABLE | ZAG_SIG_HIDDEN);
}

void zag_sig_deliver(struct zag_fiber *f, siginfo_t *si, void *uc)
{
	struct sigaction a = zag_sig_take_action(si->si_signo);
	uint64_t mask = zag_load_rlx(&f->sigmask);
	uint64_t back = f->sigswapped ? f->sigsaved : mask, during;

	if (si->si_signo == ZAG_SIGNAL) {
		zag_cancel_arrived(); /* may unwind */
		return;
	}
	if (!zag_sig_is_handler(&a)) {
		if (a.sa_handler == SIG_DFL && !zag_sig_has_ended(si))
			zag_signal_default(si->si_signo);
		return;
	}
	f->sigswapped = false;
	f->handlers++;
	f->interruptions += !(a.sa_flags & SA_RESTART);
	during = mask_during(&a, si->si_signo, mask);
	zag_sigmask_change(f, during);
	zag_sig_retarget(during & ~mask);
	deliver_others(f, uc);
	back = call_as_thread(f, &a, si, uc, back);
	if (zag_fiber_self() == f)
		zag_sig_change_mask(f, back);
}

/* --- all of them --------------------------------------------------------- */

void zag_sig_deliver_all(struct zag_fiber *f, void *uc)
{
	uint32_t interruptions = f->interruptions;
	bool first = true;
	siginfo_t si;

	f->sigdelivers = true;
	zag_store_rlx(&f->sigchosen, false);
	zag_fence(); /* pairs with notify_for_process: it, or we, see all */
	while (zag_fiber_self() == f &&
	       zag_sigqueue_take(f, ~zag_load_rlx(&f->sigmask), &si)) {
		zag_sig_deliver(f, &si, uc);
		if (first)
			interruptions = f->interruptions;
		first = false;
	}
	f->interruptions = interruptions;
}

void zag_sig_deliver_here(struct zag_fiber *f)
{
	ucontext_t uc;

	while (zag_fiber_self() == f &&
	       (zag_sigmask_takes(f) & ~zag_load_rlx(&f->sigmask))) {
		getcontext(&uc);
		zag_sig_deliver_all(f, &uc);
		f->sigdelivers = false;
		zag_compiler_fence();
	}
}

/*
 * The handlers may have run already: before it slept, and between its waking
 * and here, the fiber was interruptible, on its carrier.  What counts is what
 * has run since the call began, or was last interrupted.
 */
int zag_sig_interrupted(bool restartable)
{
	struct zag_fiber *f = zag_fiber_self();
	bool restarts;

	zag_sig_deliver_here(f);
	/* None at all is a false alarm. */
	restarts = f->handlers == f->seen_handlers ||
		   (restartable && f->interruptions == f->seen_interruptions);
	zag_fiber_call_begins(f);
	return restarts ? 0 : -EINTR;
}

void zag_sig_pending(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!f->sigdelivers && !f->sigswapped && !zag_load_rlx(&f->sigclosed))
		zag_sig_deliver_here(f);
}
