/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot: a program has asked for its first thread. */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/stack.h"
#include "fiber/tcb.h"
#include "sched/carrier.h"
#include "sched/clock.h"
#include "sched/monitor.h"
#include "sched/sched.h"

int (*zag_sched_native_create)(pthread_t *t, const pthread_attr_t *attr,
			       void *(*fn)(void *), void *arg);

enum { FDS_EACH = 4 }; /* libev's epoll set and eventfd, two timerfds */

/* The machine's CPUs, as many as are needed: those that the program may run on
 * can become more. */
static uint32_t cpus(uint32_t n)
{
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set) &&
	    (uint32_t)CPU_COUNT(&set) >= n)
		return n;
	return (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static bool make_processors(uint32_t n)
{
	bool done;

	zag_sched.processors =
		zag_page_alloc(n * sizeof(struct zag_processor));
	if (!zag_sched.processors)
		return false;
	zag_sched.count = n;
	zag_sched.cpus = cpus(n);
	if (zag_poller.setup(n) || !zag_ownfd_room(FDS_EACH * n))
		return false;
	done = true;
	for (uint32_t i = 0; i < n; i++) {
		struct zag_processor *p = &zag_sched.processors[i];

		p->index = i;
		p->until_poll = 1;
		p->random = i * 2654435761u;
		done = done && !zag_poller.open(p);
	}
	zag_store_rlx(&zag_sched.idle, n);
	return done;
}

/* Main goes on as a fiber, on a carrier that is its own kernel thread. */
static bool adopt_main(void)
{
	struct zag_processor *p = &zag_sched.processors[0];
	struct zag_carrier *c;

	/* In a forked child it has been the parent's. */
	memset(&zag_fiber_main, 0, sizeof(zag_fiber_main));
	zag_raw(SYS_sigaltstack, NULL, &zag_fiber_main.altstack);
	zag_fiber_main.altstack.ss_flags &= ~SS_ONSTACK;
	c = zag_carrier_adopt(p, &zag_fiber_main);

	if (!c)
		return false;
	zag_store_rlx(&p->status, ZAG_PROCESSOR_RUNNING);
	zag_store_rlx(&p->carrier, c);
	zag_sub(&zag_sched.idle, 1);
	zag_add(&zag_sched.fibers, 1);
	zag_tcb_rseq_off();
	zag_tcb_patch_main_unwind();
	zag_clock_set(zag_arch_ticks());
	zag_clock_born(&zag_fiber_main);
	zag_fiber_adopt_main();
	return true;
}

const char *zag_sched_boot(uint32_t processors)
{
	const char *why;
	bool main = zag_raw(SYS_gettid) == zag_raw(SYS_getpid);

	zag_arch_init();
	zag_sched.born = zag_arch_ticks();
	/* While there is one thread only, these take no grace period of the
	 * kernel's RCU, which is 10 ms and more. */
	zag_carrier_init();
	zag_lock_on_owed = zag_sched_wake_owed;
	zag_ownfd_widen(FDS_EACH * processors);
	if (zag_monitor_start())
		return "no kernel thread for the monitor";
	why = zag_tcb_boot();
	if (!why && !make_processors(processors))
		why = "no memory or no descriptors for the processors";
	if (!why && !zag_carrier_reserve(processors))
		why = "no memory for carriers";
	if (!why && main && !adopt_main())
		why = "no memory for a carrier";
	if (!why && !main)
		zag_add(&zag_sched.fibers, 1); /* main counts, natively */
	if (!why)
		zag_store_rel(&zag_sched.running, true);
	zag_monitor_go(!why);
	return why;
}

void zag_sched_reset(void)
{
	memset(&zag_sched, 0, sizeof(zag_sched));
	zag_globq_reset();
	zag_carrier_reset();
	zag_monitor_reset();
	zag_stack_reset();
	zag_ownfd_reset();
}
