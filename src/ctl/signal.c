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

void zag_signal_boot(void)
{
	uint64_t mask;

	zag_sigmask_block(&mask);
	zag_wait_on_signal = zag_sig_interrupted;
	zag_wait_on_pending = zag_sig_pending;
	zag_thread_on_gone = zag_sigqueue_clear;
	zag_monitor_on_signal = zag_sig_on_process_signal;
	zag_monitor_on_tick = zag_sig_remind;
	zag_sigmask_on_change = zag_sig_update_wanted;
	zag_sig_take_over();
	running = true;
	if (zag_fiber_self())
		zag_sigmask_hold(zag_fiber_self(), mask & ~ZAG_SIG_HIDDEN);
	else
		zag_sigmask_restore(&mask); /* a native thread booted us */
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
