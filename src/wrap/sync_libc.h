/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libc's own locks (a FILE's, an arena's, the loader's): the two functions by
 * which all of them wait and wake, onto the parking lot.
 *
 * A lock is a word: 0 free, 1 locked, 2 locked and perhaps waited for.  Both
 * must be replaced or none: who sleeps in the lot must be woken there.
 */
#ifndef ZAG_WRAP_SYNC_LIBC_H
#define ZAG_WRAP_SYNC_LIBC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* __lll_lock_wait_private, __lll_lock_wake_private. */
void zag_sync_lll_wait_private(_Atomic uint32_t *word);
void zag_sync_lll_wake_private(_Atomic uint32_t *word);

/* __lll_lock_wait, __lll_lock_wake; `shared`: LLL_SHARED, or 0. */
void zag_sync_lll_wait(_Atomic uint32_t *word, int shared);
void zag_sync_lll_wake(_Atomic uint32_t *word, int shared);

struct zag_sync_lowlevel {
	const void *wait_private, *wake_private;
	void *wait, *wake;
};

/*
 * The two for locks of either kind, which libc does not export: mutexes use
 * them, such as the loader's.  Each stands behind its private form, and is
 * known by every byte of it.  False: they are not there.
 */
bool zag_sync_find_lowlevel(struct zag_sync_lowlevel *low);

#endif
