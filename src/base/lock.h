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

/*
 * How many locks the calling thread or fiber holds.  A signal handler of the
 * program must not run while it holds one: it may need the same.  One that has
 * come meanwhile sets the topmost bit, and is called for when the last lock has
 * been given back.  So is the scheduler, by the next bit as well, for what can
 * wait and takes too long to be done with a lock held.
 */
#define ZAG_LOCK_MISSED UINT32_C(0x80000000)
#define ZAG_LOCK_OWED (ZAG_LOCK_MISSED | UINT32_C(0x40000000))
extern ZAG_TLS uint32_t zag_lock_depth;
extern void (*zag_lock_on_missed)(void); /* the signal floor's */
extern void (*zag_lock_on_owed)(void);	 /* the scheduler's */
void zag_lock_last_end(void);

/* A section that no handler comes into, with or without a lock. */
static inline void zag_lock_begin(void)
{
	zag_lock_depth++;
	zag_compiler_fence();
}

static inline void zag_lock_end(void)
{
	zag_compiler_fence();
	/* The sign: one instruction counts and tells.  A handler may set it. */
	if (zag_unlikely((int32_t)--zag_lock_depth < 0))
		zag_lock_last_end();
}

static inline bool zag_trylock(struct zag_lock *l)
{
	uint32_t free = 0;

	zag_lock_begin();
	if (zag_load_rlx(&l->word) == 0 && zag_cas(&l->word, &free, 1))
		return true;
	zag_lock_end();
	return false;
}

static inline void zag_lock(struct zag_lock *l)
{
	uint32_t free = 0;

	zag_lock_begin();
	if (zag_unlikely(!zag_cas(&l->word, &free, 1)))
		zag_lock_slow(l);
}

static inline void zag_unlock(struct zag_lock *l)
{
	if (zag_unlikely(zag_xchg(&l->word, 0) == 2))
		zag_unlock_slow(l);
	zag_lock_end();
}

#endif
