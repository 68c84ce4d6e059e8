/* SPDX-License-Identifier: BSD-2-Clause */
/* The signal floor begins with the runtime, and ends in a forked child. */
#include "config.h"

#include "ctl/signal.h"

#include "base/raw.h"
#include "ctl/sig.h"
#include "ctl/sigqueue.h"
#include "fiber/sigmask.h"
#include "sched/monitor.h"
#include "sched/sched.h"
#include "wait/thread.h"

static bool running; /* dispositions are ours */

bool zag_signal_running(void)
{
	return running;
}

/*
 * Take what the kernel has pending for this signal on this thread: what was
 * sent to the thread is main's from now on, the rest goes back in its order.
 */
static void adopt_one(struct zag_fiber *f, int signo)
{
	enum { MOST = 32 };
	const struct timespec now = { 0 };
	uint64_t set = ZAG_SIGBIT(signo);
	siginfo_t si[MOST];
	int n = 0;

	while (n < MOST && zag_raw(SYS_rt_sigtimedwait, &set, &si[n], &now,
				   sizeof(set)) > 0)
		if (si[n].si_code == SI_TKILL)
			zag_signal_send(f, &si[n]);
		else
			n++;
	for (int i = 0; i < n; i++)
		zag_raw(SYS_rt_sigqueueinfo, zag_raw(SYS_getpid), signo,
			&si[i]);
}

/* Main has left its kernel thread: what is pending there is no carrier's. */
static void adopt_pending(struct zag_fiber *f)
{
	uint64_t set;

	if (zag_raw(SYS_rt_sigpending, &set, sizeof(set)))
		return;
	set &= zag_load_rlx(&f->sigmask);
	for (int signo = 1; signo < _NSIG; signo++)
		if (set & ZAG_SIGBIT(signo))
			adopt_one(f, signo);
}

void zag_signal_boot(void)
{
	uint64_t mask;

	zag_sigmask_block(&mask);
	zag_wait_on_signal = zag_sig_interrupted;
	zag_wait_on_pending = zag_sig_pending;
	zag_lock_on_missed = zag_sig_look_again;
	zag_thread_on_closed = zag_sig_on_closed;
	zag_thread_on_gone = zag_sigqueue_clear;
	zag_monitor_on_signal = zag_sig_on_process_signal;
	zag_monitor_on_tick = zag_sig_remind;
	zag_sigmask_on_change = zag_sig_update_wanted;
	zag_sig_take_over();
	running = true;
	if (zag_fiber_self()) {
		zag_sigmask_hold(zag_fiber_self(), mask & ~ZAG_SIG_HIDDEN);
		adopt_pending(zag_fiber_self());
	} else {
		zag_sigmask_restore(&mask); /* a native thread booted us */
	}
	zag_sig_update_wanted();
}

/* The program's mask and alternate stack are the kernel thread's again. */
static void go_native(struct zag_fiber *self)
{
	zag_raw(SYS_sigaltstack, &self->altstack, NULL);
	zag_sigmask_set(zag_load_rlx(&self->sigmask), NULL);
}

void zag_signal_child(struct zag_fiber *self)
{
	uint64_t was;

	zag_sigmask_set(UINT64_MAX, &was);
	zag_sigqueue_reset(self);
	zag_sig_send_reset();
	running = false;
	zag_sig_give_back();
	zag_sigmask_reset();
	if (self)
		go_native(self);
	else
		zag_sigmask_set(was, NULL);
}
