/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock between kernel threads, for the runtime's own short critical
 * sections.  It never parks: hold it for nanoseconds, never across a switch.
 * Zero-initialised is unlocked.
 */
#ifndef ZAG_BASE_LOCK_H
#define ZAG_BASE_LOCK_H

#include <stdint.h>

#include "base/atomic.h"
#include "base/compiler.h"

struct zag_lock {
	_Atomic uint32_t word; /* 0 free, 1 locked, 2 locked with sleepers */
};

void zag_lock_slow(struct zag_lock *l);
void zag_unlock_slow(struct zag_lock *l);

static inline bool zag_trylock(struct zag_lock *l)
{
	uint32_t free = 0;

	return zag_load_rlx(&l->word) == 0 && zag_cas(&l->word, &free, 1);
}

static inline void zag_lock(struct zag_lock *l)
{
	uint32_t free = 0;

	if (zag_unlikely(!zag_cas(&l->word, &free, 1)))
		zag_lock_slow(l);
}

static inline void zag_unlock(struct zag_lock *l)
{
	if (zag_unlikely(zag_xchg(&l->word, 0) == 2))
		zag_unlock_slow(l);
}

#endif
