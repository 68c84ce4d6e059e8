/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals as the kernel delivers them: on a carrier, wherever that stands. */
#include "config.h"

#include <ucontext.h>

#include "arch/arch.h"
#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "ctl/cancel.h"
#include "ctl/disposition.h"
#include "ctl/sig.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"
#include "fiber/sigmask.h"
#include "sched/carrier.h"
#include "sched/monitor.h"
#include "sched/sched.h"
#include "wait/wait.h"

/* Whether a handler may run right here: f runs the program's own code. */
static bool interruptible(struct zag_fiber *f)
{
	return !zag_load_acq(&f->carrier->in_runtime) && !zag_lock_depth &&
	       !zag_wait_open && zag_load_acq(&f->state) == ZAG_FIBER_RUNNING &&
	       !f->sigdelivers && !f->sigswapped &&
	       !zag_load_rlx(&f->sigclosed);
}

/* What is in the way has an end, where it looks again (wait_open, sigdelivers,
 * sigswapped, sigclosed do so anyway). */
static void come_back(struct zag_fiber *f)
{
	if (zag_lock_depth)
		zag_lock_depth |= ZAG_LOCK_MISSED;
	else if (zag_load_rlx(&f->carrier->in_runtime))
		zag_store_rlx(&f->carrier->missed, 1);
}

void zag_sig_look_again(void)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!f || !zag_sigmask_takes(f))
		return;
	if (interruptible(f))
		zag_sig_deliver_here(f);
	else
		come_back(f);
}

/*
 * Let the monitor see to it.  The kernel allows no thread to tell another of
 * what it alone could have sent, so number and code are where si_errno is.
 */
static void forward(const siginfo_t *si)
{
	siginfo_t copy = *si;

	copy.si_errno = zag_sig_pack(si);
	copy.si_code = SI_QUEUE;
	zag_raw(SYS_rt_tgsigqueueinfo, zag_raw(SYS_getpid), zag_monitor_tid(),
		ZAG_SIGNAL, &copy);
}

/* A handler may have parked, and this be another carrier: what the kernel is
 * to restore belongs to the one that it now returns on. */
static void settle(struct zag_fiber *f, ucontext_t *uc)
{
	if (zag_fiber_self() == f)
		zag_carrier_altstack(f->carrier, &uc->uc_stack);
}

/* --- told to look for signals of the fiber that runs there --------------- */

static void set_look(int how)
{
	const uint64_t look = ZAG_SIGBIT(ZAG_SIGNAL);

	zag_raw(SYS_rt_sigprocmask, how, &look, NULL, sizeof(look));
}

/*
 * Deliver what f has.  The program's handler may park, and another fiber run
 * here: the signal is open meanwhile.  A burst must pile up no frames: it is
 * closed again before we leave, the kernel's return opens it.
 */
static void deliver_on_carrier(struct zag_fiber *f, void *uc)
{
	zag_wait_stands_no_more(f);
	do {
		f->sigdelivers = true;
		set_look(SIG_UNBLOCK);
		zag_sig_deliver_all(f, uc);
		set_look(SIG_BLOCK);
		f->sigdelivers = false;
		zag_compiler_fence();
	} while (zag_fiber_self() == f &&
		 (zag_sigmask_takes(f) & ~zag_load_rlx(&f->sigmask)));
	settle(f, uc);
	zag_arch_syscall_interrupt(uc);
}

_Atomic bool zag_signal_freezes;

/* The process is at its end.  With a lock of the runtime's, it is told again. */
static void freeze(void)
{
	const uint64_t all = UINT64_MAX;

	while (!zag_lock_depth)
		zag_raw(SYS_ppoll, NULL, 0, NULL, &all, sizeof(all));
}

void zag_sig_on_look(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();
	struct zag_carrier *c = zag_carrier_self();

	(void)signo;
	(void)si;
	if (c) {
		zag_store_rlx(&c->told, 0);
		zag_fence(); /* then what it is to look for */
	}
	if (zag_unlikely(zag_load_acq(&zag_signal_freezes)))
		freeze();
	if (f && interruptible(f) && zag_sigmask_takes(f)) {
		deliver_on_carrier(f, uc);
		return;
	}
	/* A helper thread is to give up its call, or a fiber one that it makes
	 * itself; or a thread of libc's own is cancelled. */
	zag_arch_syscall_interrupt(uc);
	if (f)
		come_back(f);
	else if (!c)
		zag_cancel_arrived();
}

/* --- faults -------------------------------------------------------------- */

static bool in_guard(struct zag_fiber *f, const char *addr)
{
	const char *low = f->stack_addr;

	return !f->is_main && addr < low &&
	       addr >= low - f->guard_size - zag_page_size();
}

/* By default: it happens again, or is sent again where it would not. */
static void die(int signo, const siginfo_t *si)
{
	zag_disposition_set(signo, NULL, 0, 0);
	if (si->si_code <= 0 || signo == SIGTRAP || signo == SIGSYS)
		zag_raw(SYS_tgkill, zag_raw(SYS_getpid), zag_raw(SYS_gettid),
			signo);
}

/* Say which fiber it was; then let the fault happen again, by default. */
void zag_sig_on_overflow(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();

	(void)uc;
	if (f && si->si_code > 0 && in_guard(f, si->si_addr))
		zag_log(ZAG_LOG_ERROR,
			"fiber %lu \"%s\": stack overflow (%lu KB at %p)",
			(unsigned long)f->id, f->name,
			(unsigned long)f->stack_size / 1024, f->stack_addr);
	die(signo, si);
}

static void run_fault(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();

	(void)signo;
	f->sigdelivers = true;
	zag_sig_deliver(f, si, uc);
	f->sigdelivers = false;
	settle(f, uc);
}

static bool between(const char *p, const void *low, size_t size)
{
	return (uintptr_t)p - (uintptr_t)low < size;
}

/* The bytes below `top` that are known to be free on f's stack or its alternate
 * one; as many as one likes where the program has brought its own. */
static size_t room_below(struct zag_fiber *f, const char *top)
{
	const stack_t *alt = &f->altstack;

	if (!(alt->ss_flags & SS_DISABLE) &&
	    between(top - 1, alt->ss_sp, alt->ss_size))
		return (size_t)(top - (const char *)alt->ss_sp);
	if (top < (char *)f->stack_addr && in_guard(f, top - 1))
		return 0;
	if (!f->is_main && between(top - 1, f->stack_addr, f->stack_size))
		return (size_t)(top - (const char *)f->stack_addr);
	return SIZE_MAX;
}

/*
 * A fault whose handler asks for an alternate stack comes on the carrier's.
 * Go on where a thread would: on the fiber's own, where the handler may park,
 * leave by longjmp and whatever it likes.
 */
static void move_fault(struct zag_fiber *f, int signo, siginfo_t *si,
		       ucontext_t *uc)
{
	const stack_t *alt = &f->altstack;
	char *top = zag_arch_signal_sp(uc);

	if (!(alt->ss_flags & SS_DISABLE) &&
	    !between(top, alt->ss_sp, alt->ss_size))
		top = (char *)alt->ss_sp + alt->ss_size;
	if (room_below(f, top) < zag_arch_signal_size(uc))
		zag_sig_on_overflow(signo, si, uc);
	else
		zag_arch_signal_move(top, run_fault, signo, si, uc);
}

static bool on_carriers_altstack(struct zag_fiber *f)
{
	stack_t ss;

	zag_carrier_altstack(f->carrier, &ss);
	return between(__builtin_frame_address(0), ss.ss_sp, ss.ss_size);
}

static void on_fault(struct zag_fiber *f, int signo, siginfo_t *si, void *uc)
{
	if (zag_load_rlx(&f->sigmask) & ZAG_SIGBIT(signo))
		die(signo, si); /* as the kernel does */
	else if (on_carriers_altstack(f))
		move_fault(f, signo, si, uc);
	else
		run_fault(signo, si, uc);
}

/* --- what the program handles -------------------------------------------- */

/* A kernel thread that is none of ours: a thread as any other. */
static void on_native(siginfo_t *si, void *uc)
{
	struct sigaction a = zag_sig_take_action(si->si_signo);
	uint64_t mask;

	if (!zag_sig_is_handler(&a)) {
		if (a.sa_handler == SIG_DFL)
			zag_signal_default(si->si_signo);
		return;
	}
	mask = *(uint64_t *)&((ucontext_t *)uc)->uc_sigmask;
	mask |= zag_sigset_bits(&a.sa_mask);
	if (!(a.sa_flags & SA_NODEFER))
		mask |= ZAG_SIGBIT(si->si_signo);
	zag_sigmask_set(mask & ~ZAG_SIG_HIDDEN, NULL);
	a.sa_sigaction(si->si_signo, si, uc); /* the kernel restores the mask */
}

static void on_fiber(struct zag_fiber *f, siginfo_t *si, void *uc)
{
	if (!interruptible(f) || !zag_sigqueue_add(f, si)) {
		forward(si);
		return;
	}
	if (zag_sigmask_takes(f) & ~zag_load_rlx(&f->sigmask))
		deliver_on_carrier(f, uc);
}

/* abort(3) has opened it, but in the kernel's mask only. */
static void on_abort(struct zag_fiber *f, siginfo_t *si, void *uc)
{
	zag_sigmask_change(f, zag_load_rlx(&f->sigmask) & ~ZAG_SIGBIT(SIGABRT));
	on_fiber(f, si, uc);
}

/* For the process, from another one: the kernel has found it open here, as it is
 * on any carrier, whatever this fiber thinks of it. */
static bool is_from_others(const siginfo_t *si)
{
	return si->si_code <= 0 && si->si_code != SI_TKILL &&
	       si->si_pid != (pid_t)zag_raw(SYS_getpid);
}

/*
 * A signal the kernel gave to this very thread: what its fiber did (a fault, a
 * write to a closed pipe, abort), or one for the process that came while the
 * carrier's mask was the fiber's own.
 */
void zag_sig_on_arrival(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();
	bool fault = (ZAG_SIGNALS_FAULT & ZAG_SIGBIT(signo)) && si->si_code > 0;

	if (zag_sig_graceful(signo) && si->si_code != SI_TKILL)
		forward(si);
	else if (f && is_from_others(si))
		forward(si);
	else if (f && fault)
		on_fault(f, signo, si, uc);
	else if (f && signo == SIGABRT && si->si_code == SI_TKILL)
		on_abort(f, si, uc);
	else if (f)
		on_fiber(f, si, uc);
	else if (!zag_carrier_own && zag_raw(SYS_gettid) != zag_monitor_tid())
		on_native(si, uc);
	else if (fault)
		die(signo, si); /* ours */
	else
		forward(si);
}
