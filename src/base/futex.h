/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's futex, private to this process: how kernel threads sleep. */
#ifndef ZAG_BASE_FUTEX_H
#define ZAG_BASE_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "base/raw.h"

/* Sleep while *word == val, until `abs` (CLOCK_MONOTONIC; NULL: for ever).
 * 0, -EAGAIN, -EINTR, -ETIMEDOUT. */
static inline long zag_futex_wait(_Atomic uint32_t *word, uint32_t val,
				  const struct timespec *abs)
{
	return zag_raw(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, val, abs, 0,
		       FUTEX_BITSET_MATCH_ANY);
}

static inline void zag_futex_wake(const void *word, int n)
{
	zag_raw(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, 0, 0, 0);
}

#endif
