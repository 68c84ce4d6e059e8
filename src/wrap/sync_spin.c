/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_spin_lock: libc's format; who spins long lets other fibers run. */

#include "config.h"

#include <pthread.h>

#include "sched/sched.h"
#include "wrap/sync_common.h"

/* What libc stores in a free spin lock, and we in a locked one. */
#if defined(__x86_64__)
#define FREE 1
#define LOCKED 0
#else
#define FREE 0
#define LOCKED 1
#endif

#define SPINS 100

static inline bool take(_Atomic int *lock)
{
	return zag_xchg(lock, LOCKED) == FREE;
}

ZAG_NOINLINE static int lock_slow(_Atomic int *lock)
{
	int n = 0;

	do {
		while (zag_load_rlx(lock) != FREE)
			if (++n % SPINS)
				zag_pause();
			else
				zag_yield();
	} while (!take(lock));
	return 0;
}

ZAG_EXPORT int pthread_spin_lock(pthread_spinlock_t *lock)
{
	_Atomic int *word = (_Atomic int *)lock;

	if (zag_unlikely(!take(word)))
		return lock_slow(word);
	return 0;
}
