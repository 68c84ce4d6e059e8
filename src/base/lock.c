/* SPDX-License-Identifier: BSD-2-Clause */
/* The slow paths of the runtime's own lock: spin a little, then futex. */
#include "config.h"

#include "base/lock.h"

#include "base/futex.h"

ZAG_TLS uint32_t zag_lock_depth;
void (*zag_lock_on_missed)(void);
void (*zag_lock_on_owed)(void);

void zag_lock_last_end(void)
{
	bool owed = zag_lock_depth == ZAG_LOCK_OWED;

	if (!owed && zag_lock_depth != ZAG_LOCK_MISSED)
		return; /* not the last one */
	zag_lock_depth = 0;
	if (owed)
		zag_lock_on_owed();
	if (zag_lock_on_missed)
		zag_lock_on_missed();
}

enum { SPINS = 200 };

void zag_lock_slow(struct zag_lock *l)
{
	for (int i = 0; i < SPINS; i++) {
		uint32_t free = 0;

		if (zag_load_rlx(&l->word) == 0 && zag_cas(&l->word, &free, 1))
			return;
		zag_pause();
	}
	while (zag_xchg(&l->word, 2) != 0)
		zag_futex_wait(&l->word, 2, NULL);
}

void zag_unlock_slow(struct zag_lock *l)
{
	zag_futex_wake(&l->word, 1);
}
