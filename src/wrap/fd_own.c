/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling a vfork's child, which shares all memory, from its parent. */
#include "wrap/fd_own.h"

#include "wrap/libc.h"

#include "base/atomic.h"
#include "base/raw.h"

/* 0 until the first descriptor is closed. */
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
	int pid = (int)zag_raw(SYS_getpid);
	int known = zag_load_rlx(&owner);

	return known == pid || (!known && first_time(pid));
}
