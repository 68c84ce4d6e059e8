/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping on a word that may be shared with other processes. */

#include "config.h"

#include "wrap/sync_common.h"

#include <linux/futex.h>

#include "sched/offload.h"

struct kernel_wait {
	const _Atomic uint32_t *word;
	uint32_t expected;
	zag_time deadline;
};

static long kernel_wait(void *arg)
{
	struct kernel_wait *w = arg;
	struct timespec abs = { .tv_sec = w->deadline / ZAG_NSEC,
				.tv_nsec = w->deadline % ZAG_NSEC };

	if (w->deadline <= 0)
		abs = (struct timespec){ 0 };
	return zag_raw(SYS_futex, w->word, FUTEX_WAIT_BITSET, w->expected,
		       w->deadline == ZAG_NEVER ? NULL : &abs, 0,
		       FUTEX_BITSET_MATCH_ANY);
}

static int wait_shared(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	struct kernel_wait w = { word, expected, deadline };

	return (int)zag_offload(kernel_wait, &w);
}

int zag_sync_wait(const _Atomic uint32_t *word, uint32_t expected,
		  zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, deadline)
		      : zag_lot_wait(word, expected, deadline);
}

int zag_sync_wait_locked(const _Atomic uint32_t *word, uint32_t expected,
			 zag_time deadline, bool shared)
{
	if (zag_likely(!shared))
		return zag_lot_wait_locked(word, expected, deadline);
	int err = wait_shared(word, expected, deadline);

	return err == -EINTR ? -EAGAIN : err;
}

void zag_sync_wake(const void *word, int n, bool shared)
{
	if (zag_likely(!shared))
		zag_lot_wake(word, n);
	else
		zag_raw(SYS_futex, word, FUTEX_WAKE, n, 0, 0, 0);
}
