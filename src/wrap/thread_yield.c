/* SPDX-License-Identifier: BSD-2-Clause */
/* sched_yield and its other names: other fibers run first. */
#include "config.h"

#include "wrap/real.h"

#include "sched/sched.h"
#include "wait/wait.h"

ZAG_EXPORT int sched_yield(void)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sched_yield)();
	zag_yield();
	zag_wait_look();
	return 0;
}

ZAG_ALIAS(__sched_yield, sched_yield);

ZAG_EXPORT void thrd_yield(void)
{
	sched_yield();
}
