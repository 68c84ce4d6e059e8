/* SPDX-License-Identifier: BSD-2-Clause */
/* Booting the runtime when a program first needs it. */
#include "config.h"

#include "wrap/boot.h"

#include <sched.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/log.h"
#include "base/opt.h"
#include "ctl/signal.h"
#include "fiber/tcb.h"
#include "loop/ev.h"
#include "obs/control.h"
#include "obs/deadlock.h"
#include "obs/grace.h"
#include "obs/report.h"
#include "obs/trace.h"
#include "sched/sched.h"
#include "wrap/guest.h"
#include "wrap/real.h"
#include "wrap/signal_timer.h"
#include "wrap/redirect.h"

enum stage { UNTRIED, TRYING, RUNNING, NATIVE };

static _Atomic int stage;

const char *zag_boot_obstacle = "its constructor has not run";

static uint32_t processors(void)
{
	cpu_set_t set;
	int n = 1;

	if (zag_opt.processors)
		return (uint32_t)zag_opt.processors;
	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	return n > 0 ? (uint32_t)n : 1;
}

/* Without it, what libc does by itself holds carriers. */
static void redirect(void)
{
	const char *why = "ZAG_REDIRECT=0";

	if (zag_opt.redirect)
		why = zag_redirect();
	if (why)
		zag_log(zag_opt.verbose ? ZAG_LOG_WARN : ZAG_LOG_INFO,
			"libc's own calls hold their carriers: %s", why);
}

/* One that is run by something else is left alone without a word. */
static bool left_alone(void)
{
	const char *why = zag_guest();

	if (why)
		zag_log(ZAG_LOG_INFO, "running natively: %s", why);
	return why != NULL;
}

static int boot(void)
{
	const char *why;

	zag_arch_start();
	zag_boot_start_up();
	zag_real_find_all();
	why = zag_boot_obstacle ? zag_boot_obstacle : zag_tcb_init();
	if (!why && left_alone())
		return NATIVE;
	zag_sched_native_create = ZAG_REAL(pthread_create);
	zag_sched_chaos = zag_opt.chaos;
	if (!why)
		why = zag_ev_load();
	if (!why) {
		redirect();
		why = zag_sched_boot(processors());
	}
	if (!why) {
		zag_signal_boot();
		zag_control_open();
		zag_report_begin();
		zag_trace_begin();
		zag_deadlock_begin();
		zag_grace_begin();
		return RUNNING;
	}
	if (*why && !zag_opt.quiet)
		zag_log(ZAG_LOG_WARN, "running natively: %s", why);
	return NATIVE;
}

bool zag_boot(void)
{
	int s = zag_load_acq(&stage);

	while (zag_unlikely(s != RUNNING && s != NATIVE)) {
		int untried = UNTRIED;

		if (zag_cas(&stage, &untried, TRYING))
			zag_store_rel(&stage, boot());
		else
			sched_yield(); /* another thread is at it */
		s = zag_load_acq(&stage);
	}
	return s == RUNNING;
}

void zag_boot_again(void)
{
	zag_grace_reset();
	zag_control_reset();
	zag_signal_timer_reset();
	if (zag_load_acq(&stage) == RUNNING)
		zag_store_rel(&stage, UNTRIED);
}
