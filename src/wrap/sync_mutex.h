/* SPDX-License-Identifier: BSD-2-Clause */
/* What a condition variable needs of a mutex of any kind. */
#ifndef ZAG_WRAP_SYNC_MUTEX_H
#define ZAG_WRAP_SYNC_MUTEX_H

#include <pthread.h>

/* 0, or EPERM when the kind of the mutex knows its owner and it is not the
 * caller. */
int zag_sync_mutex_check_owner(const pthread_mutex_t *m);

/* Unlock (once) and lock again; the mutex counts as in use in between, so
 * that destroying it says EBUSY.  zag_sync_mutex_relock returns 0, or what
 * pthread_mutex_lock would. */
void zag_sync_mutex_unlock_to_wait(pthread_mutex_t *m);
int zag_sync_mutex_relock(pthread_mutex_t *m);

#endif
