/* SPDX-License-Identifier: BSD-2-Clause */
/* fork(2) from a fiber: the child starts over. */
#include "config.h"

#include "ctl/fork.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/page.h"
#include "base/raw.h"
#include "ctl/setxid.h"
#include "ctl/signal.h"
#include "fiber/fiber.h"
#include "fiber/robust.h"
#include "fiber/stack.h"
#include "fiber/tcb.h"
#include "loop/fdwait.h"
#include "loop/poller.h"
#include "sched/carrier.h"
#include "sched/kthread.h"
#include "sched/offload.h"
#include "sched/sched.h"
#include "wait/blocking.h"
#include "wait/lot.h"
#include "wait/ownstack.h"
#include "wait/shared.h"
#include "wait/spawning.h"
#include "wait/turn.h"

void (*zag_fork_on_child)(void);
uint32_t *zag_fork_page;

bool zag_fork_mark(void)
{
	if (!zag_fork_page)
		zag_fork_page = zag_page_alloc(ZAG_PAGE);
	if (!zag_fork_page || zag_raw(SYS_madvise, zag_fork_page, ZAG_PAGE,
				      MADV_WIPEONFORK) < 0)
		return false;
	*zag_fork_page = 1;
	return true;
}

static void take_down(void)
{
	struct zag_fiber *self = zag_fiber_self();

	if (self) /* not the carrier's */
		zag_raw(SYS_prctl, PR_SET_NAME, self->name);
	zag_signal_child(self);
	zag_setxid_reset();
	zag_poller_reset();
	zag_fd_reset();
	zag_robust_reset();
	zag_lot_reset();
	zag_ownstack_reset();
	zag_shared_reset();
	zag_turn_reset();
	zag_spawning_reset();
	zag_offload_reset();
	zag_blocking_reset();
	zag_sched_reset();
	zag_store_rlx(&zag_kthread_execs, 0);
	zag_fiber_reset();
	zag_tcb_reset();
	if (self)
		zag_fiber_current = NULL;
	if (zag_fork_on_child)
		zag_fork_on_child();
}

void zag_fork_in_child(void)
{
	if (zag_load_acq(&zag_sched.running))
		take_down();
	if (zag_fork_page)
		*zag_fork_page = 1;
}

void zag_fork_watch(zag_atfork_fn *register_atfork)
{
	static bool watched;

	if (!watched)
		register_atfork(NULL, NULL, zag_fork_in_child, NULL);
	watched = true;
}
