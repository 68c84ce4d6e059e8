/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling a vfork's child, which shares all memory, from its parent. */
#include "wrap/fd_own.h"

#include "wrap/libc.h"

#include "base/atomic.h"
#include "base/raw.h"
#include "sched/sched.h"

/* 0 until the runtime has booted and a descriptor is closed. */
static _Atomic int owner;

static void forked(void)
{
	zag_store_rlx(&owner, 0);
}

static bool first_time(int pid)
{
	static _Atomic bool registered;

	if (!zag_xchg(&registered, true))
		pthread_atfork(NULL, NULL, forked);
	zag_store_rlx(&owner, pid);
	return true;
}

bool zag_fd_own_process(void)
{
	int pid, known;

	/* Nobody waits yet; and an allocator may be starting up. */
	if (!zag_load_rlx(&zag_sched.running))
		return true;
	pid = (int)zag_raw(SYS_getpid);
	known = zag_load_rlx(&owner);
	return known == pid || (!known && first_time(pid));
}
