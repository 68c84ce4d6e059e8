/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling a vfork's child, which shares all memory, from its parent. */
#include "wrap/fd_own.h"

#include "base/atomic.h"
#include "base/raw.h"
#include "sched/sched.h"

bool zag_fd_own_process(void)
{
	struct zag_carrier *c;

	/* Nobody waits yet, or this is a forked child. */
	if (!zag_load_rlx(&zag_sched.running))
		return true;
	/* The child has the fiber and its carrier, but a thread id of its
	 * own. */
	c = zag_carrier_self();
	return !c || zag_raw(SYS_gettid) == c->tid;
}
