/* SPDX-License-Identifier: BSD-2-Clause */
/* Mutexes of any kind, for condition variables; robust ones. */
#ifndef ZAG_WRAP_SYNC_MUTEX_H
#define ZAG_WRAP_SYNC_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

struct zag_sync_until;

/* 0, or EPERM when the kind of the mutex knows its owner and it is not the
 * caller. */
int zag_sync_mutex_check_owner(const pthread_mutex_t *m);

/* Unlock (once) and lock again; the mutex counts as in use in between, so
 * that destroying it says EBUSY.  zag_sync_mutex_relock returns 0, or what
 * pthread_mutex_lock would. */
void zag_sync_mutex_unlock_to_wait(pthread_mutex_t *m);
int zag_sync_mutex_relock(pthread_mutex_t *m);

/* pthread_mutex_* of a robust mutex: sync_robust.c.  `users`: how many fewer
 * use it from now on. */
int zag_sync_robust_lock(pthread_mutex_t *m,
			 const struct zag_sync_until *until);
int zag_sync_robust_trylock(pthread_mutex_t *m);
int zag_sync_robust_unlock(pthread_mutex_t *m, unsigned int users);
bool zag_sync_robust_held(const pthread_mutex_t *m);

#endif
