/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping on a word that may be shared with other processes. */

#include "config.h"

#include "wrap/sync_common.h"

#include <linux/futex.h>

/*
 * A fiber that waits for a shared word looks at it now and then, for 20 ms in
 * all, and is in the lot in between, where wakers of this process find it.
 * After that it sleeps in the kernel, where any process finds it, and keeps a
 * kernel thread to itself.  Going there at once would stop its processor,
 * until the monitor moves it on, and perhaps the very fiber it waits for.
 */
#define LOOK_FIRST (20 * INT64_C(1000))
#define LOOK_LAST (LOOK_FIRST << 9)

static int kernel_wait(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	struct timespec abs = { 0 };

	if (deadline > 0) {
		abs.tv_sec = deadline / ZAG_NSEC;
		abs.tv_nsec = deadline % ZAG_NSEC;
	}
	return (int)zag_raw(SYS_futex, word, FUTEX_WAIT_BITSET, expected,
			    deadline == ZAG_NEVER ? NULL : &abs, 0,
			    FUTEX_BITSET_MATCH_ANY);
}

typedef int lot_wait(const _Atomic uint32_t *, uint32_t, zag_time);

static int wait_shared(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline, lot_wait *wait)
{
	zag_time look = zag_on_fiber() ? LOOK_FIRST : LOOK_LAST + 1, next;
	int r;

	for (; look <= LOOK_LAST; look *= 2) {
		next = zag_now() + look;
		if (next >= deadline)
			return wait(word, expected, deadline);
		r = wait(word, expected, next);
		if (r != -ETIMEDOUT)
			return r;
	}
	return kernel_wait(word, expected, deadline);
}

int zag_sync_wait(const _Atomic uint32_t *word, uint32_t expected,
		  zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, deadline, zag_lot_wait)
		      : zag_lot_wait(word, expected, deadline);
}

int zag_sync_wait_locked(const _Atomic uint32_t *word, uint32_t expected,
			 zag_time deadline, bool shared)
{
	int r;

	if (zag_likely(!shared))
		return zag_lot_wait_locked(word, expected, deadline);
	r = wait_shared(word, expected, deadline, zag_lot_wait_locked);
	return r == -EINTR ? -EAGAIN : r;
}

void zag_sync_wake(const void *word, int n, bool shared)
{
	int woken = zag_lot_wake(word, n);

	if (shared && woken < n)
		zag_raw(SYS_futex, word, FUTEX_WAKE, n - woken, 0, 0, 0);
}
