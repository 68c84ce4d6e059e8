/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping on a word that may be shared with other processes. */

#include "config.h"

#include "fiber/why.h"
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

/* A fiber always gives the kernel a time: without one, the futex would go on
 * after a handler as if nothing had happened. */
static int kernel_wait(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	bool forever = deadline == ZAG_NEVER && !zag_on_fiber();
	struct timespec abs = { 0 };

	if (deadline > 0) {
		abs.tv_sec = deadline / ZAG_NSEC;
		abs.tv_nsec = deadline % ZAG_NSEC;
	}
	return (int)zag_raw(SYS_futex, word, FUTEX_WAIT_BITSET, expected,
			    forever ? NULL : &abs, 0, FUTEX_BITSET_MATCH_ANY);
}

static int wait_shared(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	zag_time look = zag_on_fiber() ? LOOK_FIRST : LOOK_LAST + 1, next;
	int r;

	for (; look <= LOOK_LAST; look *= 2) {
		zag_why_set(&zag_why_shared, (uintptr_t)word);
		next = zag_now() + look;
		if (next >= deadline)
			return zag_lot_wait(word, expected, deadline);
		r = zag_lot_wait(word, expected, next);
		if (r != -ETIMEDOUT)
			return r;
	}
	return kernel_wait(word, expected, deadline);
}

int zag_sync_wait(const _Atomic uint32_t *word, uint32_t expected,
		  zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, deadline)
		      : zag_lot_wait(word, expected, deadline);
}

void zag_sync_wake(const void *word, int n, bool shared)
{
	int woken = zag_lot_wake(word, n);

	if (shared && woken < n)
		zag_raw(SYS_futex, word, FUTEX_WAKE, n - woken, 0, 0, 0);
}
