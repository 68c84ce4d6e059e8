/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals for fibers: dispositions, queues, delivery. */
#include "config.h"

#include "ctl/signal.h"

#include <errno.h>
#include <string.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/cancel.h"
#include "ctl/disposition.h"
#include "fiber/sigmask.h"
#include "fiber/stack.h"
#include "fiber/why.h"
#include "sched/monitor.h"
#include "sched/sched.h"

#define UNMASKABLE (ZAG_SIGBIT(SIGKILL) | ZAG_SIGBIT(SIGSTOP))
#define HIDDEN (ZAG_SIGBIT(ZAG_SIGNAL) | ZAG_SIGBIT(ZAG_SIGNAL_IDS))
#define NEVER_MASKED (UNMASKABLE | HIDDEN)

/* A signal given to a fiber and not yet taken. */
struct queued {
	struct queued *next;
	struct zag_fiber *fiber;
	siginfo_t si;
};

/* A fiber in sigwait; on its stack. */
struct sigwaiter {
	struct sigwaiter *next;
	uint64_t set;
	siginfo_t *si;
	struct zag_wait *wait;
	bool queued;
};

static struct {
	struct zag_lock lock; /* protects the rest; before run queue locks */
	struct sigaction action[NSIG];
	struct queued *first, **last;
	struct sigwaiter *waiters;
	bool running; /* dispositions are ours */
} sig = { .last = &sig.first };

/* --- the kernel's dispositions ------------------------------------------ */

static bool is_handler(const struct sigaction *a)
{
	return a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN;
}

static bool is_fault(int signo)
{
	return ZAG_SIGNALS_FAULT & ZAG_SIGBIT(signo);
}

static void on_arrival(int signo, siginfo_t *si, void *uc);
static void on_overflow(int signo, siginfo_t *si, void *uc);

/*
 * What the kernel should do.  Our own handler has a full mask: nothing else
 * arrives while it decides.  It is there for default faults too, to say which
 * fiber's stack has overflowed.
 */
static void kernel_follow(int signo, const struct sigaction *a)
{
	unsigned long flags = SA_SIGINFO | SA_RESTART | SA_NODEFER |
			      (a->sa_flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));

	if (is_handler(a))
		zag_disposition_set(signo, on_arrival,
				    flags | (a->sa_flags & SA_ONSTACK), 0);
	else if (a->sa_handler == SIG_DFL &&
		 (signo == SIGSEGV || signo == SIGBUS))
		zag_disposition_set(signo, on_overflow, flags | SA_ONSTACK, 0);
	else /* SIG_DFL or SIG_IGN, whichever member names them */
		zag_disposition_set(signo, a->sa_sigaction,
				    flags & ~(SA_SIGINFO | SA_RESTART), 0);
}

int zag_signal_action(int signo, const struct sigaction *act,
		      struct sigaction *old)
{
	struct sigaction was;

	if (signo < 1 || signo >= NSIG || signo == ZAG_SIGNAL ||
	    signo == ZAG_SIGNAL_IDS ||
	    (act && (UNMASKABLE & ZAG_SIGBIT(signo))))
		return -EINVAL;
	zag_lock(&sig.lock);
	was = sig.action[signo];
	if (act) {
		sig.action[signo] = *act;
		kernel_follow(signo, act);
	}
	zag_unlock(&sig.lock);
	if (old)
		*old = was;
	return 0;
}

/* --- queues ------------------------------------------------------------- */

/* The lock is held. */
static void update_pending(struct zag_fiber *f)
{
	uint64_t pending = 0;

	for (struct queued *q = sig.first; q; q = q->next)
		if (q->fiber == f)
			pending |= ZAG_SIGBIT(q->si.si_signo);
	zag_store_rel(&f->sigpending, pending);
}

/* Of one standard signal, one is pending at most.  The lock is held. */
static bool append(struct zag_fiber *f, const siginfo_t *si)
{
	struct queued *q;

	if (si->si_signo < __libc_current_sigrtmin() &&
	    (zag_load_rlx(&f->sigpending) & ZAG_SIGBIT(si->si_signo)))
		return true;
	q = zag_heap_realloc(NULL, sizeof(*q));
	if (!q)
		return false;
	q->next = NULL;
	q->fiber = f;
	q->si = *si;
	*sig.last = q;
	sig.last = &q->next;
	zag_or(&f->sigpending, ZAG_SIGBIT(si->si_signo));
	return true;
}

/* Take the first of f's signals in `set`. */
static bool take(struct zag_fiber *f, uint64_t set, siginfo_t *si)
{
	struct queued **link, *q;

	if (!(zag_load_acq(&f->sigpending) & set))
		return false;
	zag_lock(&sig.lock);
	link = &sig.first;
	while ((q = *link) && (q->fiber != f ||
			       !(ZAG_SIGBIT(q->si.si_signo) & set)))
		link = &q->next;
	if (q) {
		*link = q->next;
		if (!q->next)
			sig.last = link;
		*si = q->si;
		update_pending(f);
	}
	zag_unlock(&sig.lock);
	if (q)
		zag_heap_realloc(q, 0);
	return q != NULL;
}

/* --- delivery ----------------------------------------------------------- */

/* The kernel's default action: by the kernel, on this thread. */
static void default_action(int signo)
{
	uint64_t bit = ZAG_SIGBIT(signo), old, open;

	if (signo == SIGCHLD || signo == SIGURG || signo == SIGWINCH ||
	    signo == SIGCONT)
		return;
	zag_sigmask_set(UINT64_MAX, &old);
	open = old & ~bit;
	zag_raw(SYS_tgkill, zag_raw(SYS_getpid), zag_raw(SYS_gettid), signo);
	zag_sigmask_set(open, NULL);
	zag_sigmask_set(old, NULL); /* it stopped, and was continued */
}

/* Call the handler of si. */
static void deliver(struct zag_fiber *f, siginfo_t *si, void *uc)
{
	int signo = si->si_signo, err = errno;
	uint64_t mask = zag_load_rlx(&f->sigmask), during;
	uint32_t seen = f->seen_handlers, seen_int = f->seen_interruptions;
	struct sigaction a;

	if (signo == ZAG_SIGNAL) {
		zag_cancel_arrived();
		return;
	}
	zag_lock(&sig.lock);
	a = sig.action[signo];
	if (is_handler(&a) && (a.sa_flags & SA_RESETHAND)) {
		sig.action[signo].sa_handler = SIG_DFL;
		kernel_follow(signo, &sig.action[signo]);
	}
	zag_unlock(&sig.lock);
	if (!is_handler(&a)) {
		if (a.sa_handler == SIG_DFL)
			default_action(signo);
		return;
	}
	f->handlers++;
	f->interruptions += !(a.sa_flags & SA_RESTART);
	during = mask | zag_sigset_bits(&a.sa_mask);
	if (!(a.sa_flags & SA_NODEFER))
		during |= ZAG_SIGBIT(signo);
	zag_sigmask_change(f, during & ~NEVER_MASKED);
	a.sa_sigaction(signo, si, uc);
	zag_sigmask_change(f, mask);
	/* The handler's own waits are not the one it has interrupted. */
	f->seen_handlers = seen;
	f->seen_interruptions = seen_int;
	errno = err;
}

/* Deliver all that f has and does not block; false: there was none. */
static bool deliver_all(struct zag_fiber *f, void *uc)
{
	bool any = false;
	siginfo_t si;

	while (take(f, ~zag_load_rlx(&f->sigmask), &si)) {
		deliver(f, &si, uc);
		any = true;
	}
	return any;
}

static bool deliver_here(struct zag_fiber *f)
{
	ucontext_t uc;

	if (!(zag_load_acq(&f->sigpending) & ~zag_load_rlx(&f->sigmask)))
		return false;
	getcontext(&uc);
	return deliver_all(f, &uc);
}

bool zag_signal_running(void)
{
	return sig.running;
}

/*
 * The handlers may have run already: between its waking and here the fiber was
 * interruptible, on its carrier.  What counts is what has run since the wait
 * began.
 */
static int on_interrupted_wait(bool restartable)
{
	struct zag_fiber *f = zag_fiber_self();

	deliver_here(f);
	if (f->handlers == f->seen_handlers)
		return 0; /* a false alarm */
	return restartable && f->interruptions == f->seen_interruptions ?
		       0 :
		       -EINTR;
}

/* Whether a handler may run right here: f runs the program's own code. */
static bool interruptible(struct zag_fiber *f)
{
	return !zag_load_acq(&f->carrier->in_runtime) && !zag_lock_depth &&
	       zag_load_acq(&f->state) == ZAG_FIBER_RUNNING;
}

/* On a carrier, told to look for signals of the fiber that runs there. */
static void on_look(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();
	char *here = __builtin_frame_address(0), *outer;
	const uint64_t look = ZAG_SIGBIT(ZAG_SIGNAL);

	(void)signo;
	(void)si;
	if (!f && !zag_carrier_self()) {
		/* A helper thread that is to give up its call, or a thread of
		 * libc's own that is cancelled. */
		zag_arch_syscall_interrupt(uc);
		zag_raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &look, NULL,
			sizeof(look));
		zag_cancel_arrived();
	}
	if (!f || !interruptible(f))
		return;
	/* A burst must not pile up frames: the handler further up the stack
	 * takes all there is.  One that was left by longjmp is not up there. */
	outer = f->look_frame;
	if (outer && here < outer)
		return;
	if (!(zag_load_acq(&f->sigpending) & ~zag_load_rlx(&f->sigmask)))
		return;
	f->look_frame = here;
	/* The program's handler may park, and another fiber run here. */
	zag_raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &look, NULL, sizeof(look));
	deliver_all(f, uc);
	f->look_frame = NULL;
}

/* --- sending ------------------------------------------------------------ */

/* f may be anywhere: parked, ready, running.  What is missed here, the
 * monitor's next tick finds. */
static void kick(struct zag_fiber *f)
{
	struct zag_carrier *c;

	if (zag_wait_end(f, ZAG_WAKE_SIGNAL))
		return;
	c = f->carrier;
	if (c && zag_load_acq(&f->state) == ZAG_FIBER_RUNNING)
		zag_raw(SYS_tgkill, zag_raw(SYS_getpid), c->tid, ZAG_SIGNAL);
}

int zag_signal_send(struct zag_fiber *f, const siginfo_t *si)
{
	uint64_t bit = ZAG_SIGBIT(si->si_signo);
	struct sigwaiter *w;
	bool ok;

	zag_lock(&sig.lock);
	ok = sig.action[si->si_signo].sa_handler == SIG_IGN || append(f, si);
	for (w = sig.waiters; w; w = w->next)
		if ((w->set & bit) && w->wait->fiber == f)
			zag_wait_wake(w->wait, ZAG_WAKE_READY);
	zag_unlock(&sig.lock);
	if (!ok)
		return -EAGAIN;
	/* f changes its mask, then looks at what is pending; we the other way
	 * round. */
	zag_fence_after_rmw();
	if (zag_load_rlx(&f->sigmask) & bit)
		return 0;
	if (f == zag_fiber_self()) {
		deliver_here(f);
	} else {
		kick(f);
		zag_monitor_watch_signals();
	}
	return 0;
}

/* A live fiber that does not block a signal; main if it is one. */
struct search {
	uint64_t bit;
	struct zag_fiber *found, *parked;
};

static bool eligible(struct zag_fiber *f, uint64_t bit)
{
	uint32_t s = zag_load_acq(&f->state);

	return s != ZAG_FIBER_FREE && s != ZAG_FIBER_DONE &&
	       !(zag_load_acq(&f->sigmask) & bit);
}

static void consider(char *slot_end, void *arg)
{
	struct zag_fiber *f = zag_fiber_slot(slot_end);
	struct search *s = arg;

	if (s->parked || !f->id || !eligible(f, s->bit))
		return;
	s->found = f;
	if (zag_load_acq(&f->sigwait))
		s->parked = f;
}

static struct zag_fiber *choose(int signo)
{
	struct search s = { .bit = ZAG_SIGBIT(signo) };

	if (zag_fiber_main.ctx.tp && eligible(&zag_fiber_main, s.bit))
		return &zag_fiber_main;
	zag_stack_each(consider, &s);
	return s.parked ? s.parked : s.found;
}

/* The lock is held. */
static bool give_to_waiter(const siginfo_t *si)
{
	uint64_t bit = ZAG_SIGBIT(si->si_signo);

	for (struct sigwaiter *w = sig.waiters; w; w = w->next) {
		if (!(w->set & bit) || w->si->si_signo)
			continue;
		*w->si = *si;
		if (zag_wait_wake(w->wait, ZAG_WAKE_READY))
			return true;
		w->si->si_signo = 0; /* it was on its way already */
	}
	return false;
}

/* The monitor has taken a signal for the process from the kernel. */
static void on_process_signal(const siginfo_t *si)
{
	int signo = si->si_signo;
	struct zag_fiber *f;
	struct sigaction a;
	bool given;

	zag_lock(&sig.lock);
	given = give_to_waiter(si);
	a = sig.action[signo];
	zag_unlock(&sig.lock);
	if (given || a.sa_handler == SIG_IGN)
		return;
	if (a.sa_handler == SIG_DFL) {
		default_action(signo);
		return;
	}
	f = choose(signo);
	if (!f)
		f = &zag_fiber_main; /* it blocks it: pending */
	zag_signal_send(f, si);
}

/* Remind fibers of what they have not taken; true while there is any. */
static bool remind(void)
{
	struct zag_fiber *late[16];
	int n = 0;

	zag_lock(&sig.lock);
	for (struct queued *q = sig.first; q && n < 16; q = q->next)
		if (!(zag_load_acq(&q->fiber->sigmask) &
		      ZAG_SIGBIT(q->si.si_signo)))
			late[n++] = q->fiber;
	zag_unlock(&sig.lock);
	for (int i = 0; i < n; i++)
		kick(late[i]);
	return n > 0;
}

/* --- arriving on a carrier ---------------------------------------------- */

static void forward(siginfo_t *si)
{
	zag_raw(SYS_rt_tgsigqueueinfo, zag_raw(SYS_getpid), zag_monitor_tid(),
		si->si_signo, si);
}

/*
 * A signal the kernel gave to this very thread: what its fiber did (a fault, a
 * write to a closed pipe, abort), or one for the process that came while the
 * carrier's mask was the fiber's own.
 */
static void on_arrival(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();
	bool own = is_fault(signo) && si->si_code > 0;

	if (!f || !(own || interruptible(f))) {
		forward(si);
	} else if (!own && (zag_load_rlx(&f->sigmask) & ZAG_SIGBIT(signo))) {
		zag_lock(&sig.lock);
		append(f, si);
		zag_unlock(&sig.lock);
	} else {
		deliver(f, si, uc);
	}
}

static bool in_guard(struct zag_fiber *f, const char *addr)
{
	const char *low = f->stack_addr;

	return !f->is_main && addr < low &&
	       addr >= low - f->guard_size - zag_page_size();
}

/* Say which fiber it was; then let the fault happen again, by default. */
static void on_overflow(int signo, siginfo_t *si, void *uc)
{
	struct zag_fiber *f = zag_fiber_self();

	(void)uc;
	if (f && si->si_code > 0 && in_guard(f, si->si_addr))
		zag_log(ZAG_LOG_ERROR,
			"fiber %lu \"%s\": stack overflow (%lu KB at %p)",
			(unsigned long)f->id, f->name,
			(unsigned long)f->stack_size / 1024, f->stack_addr);
	zag_disposition_set(signo, NULL, 0, 0);
	if (si->si_code <= 0) /* sent: it does not happen again by itself */
		zag_raw(SYS_tgkill, zag_raw(SYS_getpid), zag_raw(SYS_gettid),
			signo);
}

/* --- masks and waiting -------------------------------------------------- */

/* Take what is pending for the process in the kernel, and is in `set`. */
static bool take_from_kernel(uint64_t set, siginfo_t *si)
{
	const struct timespec now = { 0, 0 };

	set &= ~(ZAG_SIGNALS_FAULT | HIDDEN);
	return set && zag_raw(SYS_rt_sigtimedwait, &set, si, &now,
			      sizeof(set)) > 0;
}

void zag_signal_set_mask(uint64_t mask)
{
	struct zag_fiber *f = zag_fiber_self();
	uint64_t old = zag_load_rlx(&f->sigmask);
	uint64_t opened = old & ~mask;
	siginfo_t si;

	zag_sigmask_change(f, mask & ~NEVER_MASKED);
	if (!opened)
		return;
	while (take_from_kernel(opened, &si))
		deliver(f, &si, NULL);
	deliver_here(f);
}

void zag_signal_open(uint64_t mask)
{
	struct zag_fiber *f = zag_fiber_self();
	uint64_t opened = zag_load_rlx(&f->sigmask) & ~mask;
	siginfo_t si;
	bool ok = true;

	while (ok && take_from_kernel(opened, &si)) {
		zag_lock(&sig.lock);
		ok = append(f, &si);
		zag_unlock(&sig.lock);
	}
	zag_sigmask_change(f, mask & ~NEVER_MASKED);
}

uint64_t zag_signal_pending(void)
{
	uint64_t kernel = 0;

	zag_raw(SYS_rt_sigpending, &kernel, sizeof(kernel));
	return (kernel | zag_load_acq(&zag_fiber_self()->sigpending)) &
	       zag_load_rlx(&zag_fiber_self()->sigmask);
}

static uint64_t all_waited_for(void)
{
	uint64_t set = 0;

	for (struct sigwaiter *w = sig.waiters; w; w = w->next)
		set |= w->set;
	return set;
}

/* What the monitor should take from the kernel: all that some fiber would
 * take.  The rest stays pending there, for signalfd and sigpending. */
static void update_wanted(void)
{
	uint64_t set;

	zag_lock(&sig.lock);
	set = ~zag_sigmask_blocked_by_all() | all_waited_for();
	zag_unlock(&sig.lock);
	zag_monitor_set_wanted(set & ~(ZAG_SIGNALS_FAULT | UNMASKABLE |
				       HIDDEN));
}

static void add_waiter(struct sigwaiter *w)
{
	zag_lock(&sig.lock);
	w->next = sig.waiters;
	sig.waiters = w;
	zag_unlock(&sig.lock);
	update_wanted();
}

static void remove_waiter(struct sigwaiter *w)
{
	struct sigwaiter **link = &sig.waiters;

	zag_lock(&sig.lock);
	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	zag_unlock(&sig.lock);
	update_wanted();
}

int zag_signal_wait(uint64_t set, siginfo_t *si, zag_time deadline)
{
	struct zag_fiber *f = zag_fiber_self();
	struct zag_wait wait;
	struct sigwaiter w = { .set = set, .si = si, .wait = &wait };
	enum zag_wake reason;

	set &= ~HIDDEN;
	for (;;) {
		if (take(f, set, si) || take_from_kernel(set, si))
			return si->si_signo;
		si->si_signo = 0;
		zag_wait_begin(&wait);
		zag_why_set(&zag_why_signals, set);
		add_waiter(&w);
		if (zag_load_acq(&f->sigpending) & set)
			zag_wait_wake(&wait, ZAG_WAKE_READY);
		reason = zag_wait_sleep(&wait, deadline);
		remove_waiter(&w);
		if (si->si_signo)
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
	struct zag_fiber *f = zag_fiber_self();
	uint64_t old = zag_load_rlx(&f->sigmask);
	struct zag_wait wait;
	enum zag_wake reason;

	zag_signal_open(mask);
	do {
		zag_wait_begin(&wait);
		zag_why_set(&zag_why_signals, ~mask);
		reason = zag_wait_sleep(&wait, ZAG_NEVER);
	} while (reason == ZAG_WAKE_SIGNAL && !zag_wait_interrupted(false));
	zag_signal_set_mask(old);
	return reason == ZAG_WAKE_SIGNAL ? -EINTR : -ZAG_ECANCEL;
}

void zag_signal_native_enter(uint64_t *kernel)
{
	struct zag_fiber *f = zag_fiber_self();

	zag_sigmask_set(zag_load_rlx(&f->sigmask) & ~HIDDEN, kernel);
	f->mask_in_kernel = true;
}

void zag_signal_native_leave(const uint64_t *kernel)
{
	zag_fiber_self()->mask_in_kernel = false;
	zag_sigmask_restore(kernel);
}

/* --- boot and fork ------------------------------------------------------ */

static void take_over_dispositions(void)
{
	for (int s = 1; s < NSIG; s++) {
		struct zag_disposition k;

		if (s == ZAG_SIGNAL_IDS || (UNMASKABLE & ZAG_SIGBIT(s)))
			continue;
		k = zag_disposition_get(s);
		sig.action[s].sa_sigaction = k.handler;
		sig.action[s].sa_flags = (int)(k.flags & ~ZAG_SA_RESTORER);
		memcpy(&sig.action[s].sa_mask, &k.mask, sizeof(k.mask));
		if (s != ZAG_SIGNAL)
			kernel_follow(s, &sig.action[s]);
	}
	zag_disposition_set(ZAG_SIGNAL, on_look,
			    SA_SIGINFO | SA_RESTART, 0);
}

void zag_signal_boot(void)
{
	uint64_t mask;

	zag_sigmask_block(&mask);
	zag_wait_on_signal = on_interrupted_wait;
	zag_monitor_on_signal = on_process_signal;
	zag_monitor_on_tick = remind;
	zag_sigmask_on_change = update_wanted;
	take_over_dispositions();
	sig.running = true;
	if (zag_fiber_self())
		zag_sigmask_hold(zag_fiber_self(), mask);
	else
		zag_sigmask_restore(&mask); /* a native thread booted us */
	update_wanted();
}

void zag_signal_child(struct zag_fiber *self)
{
	uint64_t mask = self ? zag_load_rlx(&self->sigmask) : 0;

	sig.lock = (struct zag_lock){ 0 };
	sig.first = NULL;
	sig.last = &sig.first;
	sig.waiters = NULL;
	sig.running = false;
	for (int s = 1; s < NSIG; s++) {
		const struct sigaction *a = &sig.action[s];
		uint64_t bits;

		if (s == ZAG_SIGNAL_IDS || (UNMASKABLE & ZAG_SIGBIT(s)))
			continue;
		memcpy(&bits, &a->sa_mask, sizeof(bits));
		zag_disposition_set(s, a->sa_sigaction, (unsigned)a->sa_flags,
				    bits);
	}
	zag_sigmask_reset();
	if (self)
		zag_sigmask_set(mask, NULL);
}
