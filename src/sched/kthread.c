/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel threads of the runtime's own: clone, once for all of them. */
#include "config.h"

#include "sched/kthread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/atomic.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "fiber/fiber.h"
#include "fiber/tcb.h"

_Atomic uint32_t zag_kthread_execs;

int zag_kthread_start(struct zag_fiber *slot, int (*fn)(void *arg), void *arg,
		      uint32_t *tid, _Atomic uint32_t *alive)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
			  CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	char *top = (char *)slot->stack_addr + slot->stack_size;
	uint64_t old;
	int r, err;

	/* The monitor, which does this too, is to miss none of ours. */
	zag_sigmask_block_async(&old);
	zag_store_rlx(alive, 1);
	r = clone(fn, top, flags, arg, tid, slot->ctx.tp, alive);
	err = errno;
	if (r < 0)
		zag_store_rlx(alive, 0);
	zag_sigmask_restore(&old);
	return r < 0 ? -err : 0;
}

void zag_kthread_enter(const char *name)
{
	uint64_t all;

	zag_sigmask_block(&all);
	zag_tcb_set_tid(zag_arch_tp(), (uint32_t)zag_raw(SYS_gettid));
	zag_raw(SYS_prctl, PR_SET_NAME, name);
}
