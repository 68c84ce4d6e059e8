/* SPDX-License-Identifier: BSD-2-Clause */
/* Process-shared read-write locks: sync_rwlock_shared.c.  They return what the
 * functions they are called for do.  Fiber or native thread. */
#ifndef ZAG_WRAP_SYNC_RWLOCK_H
#define ZAG_WRAP_SYNC_RWLOCK_H

#include <pthread.h>

#include "wrap/sync_common.h"

/* `until` may be NULL. */
int zag_sync_rwlock_read_shared(pthread_rwlock_t *l,
				const struct zag_sync_until *until);
int zag_sync_rwlock_write_shared(pthread_rwlock_t *l,
				 const struct zag_sync_until *until);
int zag_sync_rwlock_trywrite_shared(pthread_rwlock_t *l);
int zag_sync_rwlock_unlock_shared(pthread_rwlock_t *l);

#endif
