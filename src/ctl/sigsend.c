/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending signals: to a fiber, or to whichever takes one for the process. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "arch/arch.h"
#include "base/lock.h"
#include "base/raw.h"
#include "ctl/sig.h"
#include "ctl/signal.h"
#include "ctl/sigqueue.h"
#include "fiber/sigmask.h"
#include "fiber/stack.h"
#include "sched/monitor.h"
#include "sched/sched.h"

enum { TELL_AGAIN_US = 1000 };

static struct {
	struct zag_lock lock; /* protects the list; before the monitor's wake */
	struct zag_sigwaiter *first;
} waiters;

/*
 * The kernel queues every one of our signals, as many as the user may have
 * queued, and handles them all before the fiber goes on: one that has not been
 * looked for yet is enough.  Not for ever, in case it was refused.
 */
static void tell(struct zag_carrier *c)
{
	uint64_t now = zag_arch_ticks(), told;

	zag_fence(); /* what it is to look for first; pairs with on_look's */
	told = zag_load_rlx(&c->told);
	if (told && now - told < TELL_AGAIN_US * zag_arch_ticks_per_us)
		return;
	zag_store_rlx(&c->told, now);
	zag_raw(SYS_tgkill, zag_raw(SYS_getpid), c->tid, ZAG_SIGNAL);
}

/* f may be anywhere: parked, ready, running.  What is missed here, the
 * monitor's next tick finds. */
static void kick(struct zag_fiber *f)
{
	struct zag_carrier *c;

	zag_store_rlx(&f->sigtold, true);
	if (zag_wait_end(f, ZAG_WAKE_SIGNAL)) /* with a barrier */
		return;
	c = f->carrier;
	if (c && zag_load_acq(&f->state) == ZAG_FIBER_RUNNING)
		tell(c);
}

static void notify(struct zag_fiber *f)
{
	if (f == zag_fiber_self()) {
		zag_sig_deliver_here(f);
	} else {
		kick(f);
		zag_monitor_watch_signals();
	}
}

/* f is to take what is pending for the process. */
static void notify_for_process(struct zag_fiber *f)
{
	zag_store_rel(&f->sigchosen, true);
	notify(f);
}

static _Atomic uint64_t read_by_fd; /* what signalfds are there for */

/* The kernel takes codes that are its own from the main thread only. */
static bool give_to_kernel(const siginfo_t *si)
{
	long pid = zag_raw(SYS_getpid);

	if (si->si_code >= 0 || si->si_code == SI_TKILL)
		return !zag_raw(SYS_kill, pid, si->si_signo);
	return !zag_raw(SYS_rt_sigqueueinfo, pid, si->si_signo, si);
}

/*
 * A signal that a fiber blocks, as all do, and that a signalfd may be read for,
 * is left to the kernel, for the process: there it is seen.  False: it is not
 * one, or the kernel does not take it.
 */
static bool leave_to_kernel(const siginfo_t *si, uint64_t bit)
{
	return zag_unlikely(zag_load_rlx(&read_by_fd) & bit) &&
	       (zag_sigmask_blocked_by_all() & bit) && give_to_kernel(si);
}

void zag_signal_add_fd(uint64_t set)
{
	siginfo_t si;

	zag_or(&read_by_fd, set);
	zag_sig_update_wanted();
	while (zag_sigqueue_take_shared(set & zag_sigmask_blocked_by_all(),
					&si))
		if (!give_to_kernel(&si)) {
			zag_sigqueue_add(NULL, &si); /* the kernel has no room */
			break;
		}
}

int zag_signal_send(struct zag_fiber *f, const siginfo_t *si)
{
	uint64_t bit = ZAG_SIGBIT(si->si_signo);
	uint64_t kept = zag_load_rlx(&f->sigmask) | zag_load_acq(&f->sigaccepts);

	if (zag_load_acq(&f->sigclosed) ||
	    (!(kept & bit) && zag_sig_ignored(si->si_signo)))
		return 0;
	if (leave_to_kernel(si, bit))
		return 0;
	if (!zag_sigqueue_add(f, si))
		return -EAGAIN;
	/* f changes its mask, then looks at what is pending; we the other way
	 * round. */
	zag_fence_after_rmw();
	if (zag_sigmask_takes(f) & bit)
		notify(f);
	return 0;
}

/* --- signals for the process --------------------------------------------- */

/* A live fiber that does not block a signal; a parked one if there is any. */
struct search {
	uint64_t bit;
	struct zag_fiber *found, *parked;
};

static bool eligible(struct zag_fiber *f, uint64_t bit)
{
	uint32_t s = zag_load_acq(&f->state);

	return s != ZAG_FIBER_FREE && s != ZAG_FIBER_DONE &&
	       !zag_load_acq(&f->sigclosed) &&
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

/* One that waits for it; the next one is left to another. */
static struct zag_fiber *choose_waiter(uint64_t bit)
{
	struct zag_fiber *f = NULL;

	zag_lock(&waiters.lock);
	for (struct zag_sigwaiter *w = waiters.first; w && !f; w = w->next)
		if ((w->set & bit) && !w->chosen) {
			w->chosen = true;
			f = w->fiber;
		}
	zag_unlock(&waiters.lock);
	return f;
}

/* Who runs right now: profilers want to see that. */
static struct zag_fiber *choose_running(uint64_t bit)
{
	static _Atomic uint32_t turn;
	uint32_t n = zag_sched.count, first = zag_add(&turn, 1);

	for (uint32_t i = 0; i < n; i++) {
		struct zag_processor *p =
			&zag_sched.processors[(first + i) % n];
		struct zag_carrier *c = zag_load_acq(&p->carrier);
		struct zag_fiber *f = c ? c->current : NULL;

		if (f && eligible(f, bit))
			return f;
	}
	return NULL;
}

/* As the kernel: main if it is one; else the caller, if it is one. */
static struct zag_fiber *choose(int signo)
{
	struct zag_fiber *self = zag_fiber_self(), *f;
	struct search s = { .bit = ZAG_SIGBIT(signo) };

	f = choose_waiter(s.bit);
	if (!f && (signo == SIGPROF || signo == SIGVTALRM))
		f = choose_running(s.bit);
	if (!f && zag_fiber_main.ctx.tp && eligible(&zag_fiber_main, s.bit))
		f = &zag_fiber_main;
	if (!f && self && eligible(self, s.bit))
		f = self;
	if (f)
		return f;
	zag_stack_each(consider, &s);
	return s.parked ? s.parked : s.found;
}

/* Those pending for the process, in this set, that their taker does not take
 * any more: as retarget_shared_pending() in the kernel. */
void zag_sig_retarget(uint64_t set)
{
	uint64_t bits = zag_load_acq(&zag_sigmask_shared) & set;

	for (; bits; bits &= bits - 1) {
		struct zag_fiber *f = choose(__builtin_ctzll(bits) + 1);

		if (f && f != zag_fiber_self())
			notify_for_process(f);
	}
}

void zag_sig_on_closed(struct zag_fiber *f)
{
	zag_sig_retarget(~zag_load_rlx(&f->sigmask));
}

int zag_signal_send_process(const siginfo_t *si)
{
	struct zag_fiber *f;

	if (!zag_signal_awaited(si->si_signo) &&
	    leave_to_kernel(si, ZAG_SIGBIT(si->si_signo)))
		return 0;
	if (!zag_sigqueue_add(NULL, si))
		return -EAGAIN;
	zag_fence_after_rmw(); /* as above */
	f = choose(si->si_signo);
	if (f)
		notify_for_process(f);
	return 0;
}

bool (*zag_signal_on_timer)(siginfo_t *si);
bool (*zag_signal_on_tick)(void);
void (*zag_signal_on_end)(int signo);

/* What the program sends to itself does what it does natively. */
static bool is_from_outside(const siginfo_t *si)
{
	return si->si_code > 0 || si->si_pid != (pid_t)zag_raw(SYS_getpid);
}

/*
 * Whether the process ends in the operator's time, now or already.  A handler
 * of its own runs all the same.  One that is ignored comes here, too: the
 * monitor blocks it, and what is blocked the kernel does not ignore.
 */
static bool ends(const siginfo_t *si, const struct sigaction *a)
{
	static _Atomic long begun; /* in this process, not in its parent */
	long pid = zag_raw(SYS_getpid), was = zag_load_rlx(&begun);
	bool own = zag_sig_is_handler(a) || zag_signal_awaited(si->si_signo);

	if (!zag_signal_on_end || !zag_sig_graceful(si->si_signo))
		return false;
	if (was == pid)
		return true;
	if (a->sa_handler == SIG_IGN || !is_from_outside(si) ||
	    (own && !zag_opt.grace.always))
		return false;
	/* The monitor and a fiber may both be here, each with a signal. */
	if (zag_cas(&begun, &was, pid))
		zag_signal_on_end(si->si_signo);
	return true;
}

/* Nobody has handled it in the end, though it seemed so: it is known. */
bool zag_sig_has_ended(const siginfo_t *si)
{
	struct sigaction by_default = { .sa_handler = SIG_DFL };

	return is_from_outside(si) && ends(si, &by_default);
}

/*
 * The control socket tells the monitor of its clients by ZAG_SIGNAL.  Where the
 * user has too many signals queued, anywhere, the kernel sends SIGIO instead
 * (fcntl(2), F_SETSIG), of which the process would die.  A program that is to
 * be told by SIGIO has a handler.
 */
static bool is_lost_poke(const siginfo_t *si)
{
	return si->si_signo == SIGIO && si->si_code == SI_KERNEL &&
	       zag_monitor_on_look;
}

/* The monitor has taken a signal for the process from the kernel. */
void zag_sig_on_process_signal(const siginfo_t *si)
{
	struct sigaction a;
	siginfo_t copy = *si;
	bool ending;

	if (si->si_code == SI_TIMER && si->si_signo == ZAG_SIGNAL) {
		if (zag_signal_on_timer)
			zag_signal_on_timer(&copy);
		return;
	}
	if (si->si_signo == ZAG_SIGNAL) /* a carrier's: sigarrive.c */
		zag_sig_unpack(&copy);
	if (!copy.si_signo || zag_signal_action(copy.si_signo, NULL, &a))
		return;
	ending = ends(&copy, &a);
	/* What nobody wants any more stays pending, here as it would there. */
	if (zag_sig_is_handler(&a) || zag_signal_awaited(copy.si_signo) ||
	    !zag_signal_wanted(copy.si_signo))
		zag_signal_send_process(&copy);
	else if (a.sa_handler == SIG_DFL && !ending && !is_lost_poke(&copy))
		zag_signal_default(copy.si_signo);
}

/* --- who waits ----------------------------------------------------------- */

/* The lock is held. */
static uint64_t awaited(void)
{
	uint64_t set = 0;

	for (struct zag_sigwaiter *w = waiters.first; w; w = w->next)
		set |= w->set;
	return set;
}

bool zag_signal_awaited(int signo)
{
	uint64_t set;

	zag_lock(&waiters.lock);
	set = awaited();
	zag_unlock(&waiters.lock);
	return set & ZAG_SIGBIT(signo);
}

bool zag_signal_wanted(int signo)
{
	return !(zag_sigmask_blocked_by_all() & ZAG_SIGBIT(signo)) ||
	       zag_signal_awaited(signo);
}

/*
 * All that some fiber would take.  The rest stays pending in the kernel: at
 * once what is queued there, stops or continues the process, or is read from a
 * signalfd, and the others when the monitor next looks; a thread that opens and
 * closes a signal all the time need not wake it each time.
 */
void zag_sig_update_wanted(void)
{
	const uint64_t exact = ~UINT64_C(0) << 31 | ZAG_SIG_JOB;
	uint64_t set;

	zag_lock(&waiters.lock); /* whoever sets it last has seen the newest */
	set = ~zag_sigmask_blocked_by_all() | awaited();
	zag_monitor_set_wanted(set & ~(ZAG_SIGNALS_FAULT | ZAG_SIG_UNMASKABLE |
				       ZAG_SIG_HIDDEN),
			       exact | zag_load_rlx(&read_by_fd));
	zag_unlock(&waiters.lock);
	if (zag_load_acq(&zag_sigmask_shared) & set)
		zag_monitor_watch_signals();
}

void zag_sig_add_waiter(struct zag_sigwaiter *w)
{
	w->chosen = false;
	zag_store_rel(&w->fiber->sigaccepts, w->set);
	zag_lock(&waiters.lock);
	w->next = waiters.first;
	waiters.first = w;
	zag_unlock(&waiters.lock);
	zag_sig_update_wanted();
}

void zag_sig_remove_waiter(struct zag_sigwaiter *w)
{
	struct zag_sigwaiter **link = &waiters.first;

	zag_lock(&waiters.lock);
	while (*link != w)
		link = &(*link)->next;
	*link = w->next;
	zag_unlock(&waiters.lock);
	zag_store_rel(&w->fiber->sigaccepts, 0);
	zag_sig_update_wanted();
}

/* --- reminding ----------------------------------------------------------- */

static void remind_one(struct zag_fiber *f, void *arg)
{
	bool *any = arg;

	if (!zag_sigmask_takes(f) || zag_load_acq(&f->sigclosed))
		return;
	kick(f);
	*any = true;
}

/* Remind fibers of what they have not taken; true while there is any. */
bool zag_sig_remind(void)
{
	uint64_t bits = zag_load_acq(&zag_sigmask_shared);
	bool any = zag_signal_on_tick && zag_signal_on_tick();

	zag_sigqueue_each(remind_one, &any);
	for (; bits; bits &= bits - 1) {
		struct zag_fiber *f = choose(__builtin_ctzll(bits) + 1);

		if (f) {
			zag_store_rel(&f->sigchosen, true);
			kick(f);
		}
		any |= f != NULL;
	}
	return any;
}

void zag_sig_send_reset(void)
{
	memset(&waiters, 0, sizeof(waiters));
}
