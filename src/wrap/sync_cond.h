/* SPDX-License-Identifier: BSD-2-Clause */
/* Process-shared condition variables: sync_cond_shared.c.  Errors are positive,
 * as the functions they are called for return them.  Fiber or native thread. */
#ifndef ZAG_WRAP_SYNC_COND_H
#define ZAG_WRAP_SYNC_COND_H

#include <pthread.h>
#include <stdbool.h>

#include "wrap/sync_common.h"

/* Whether libc's rules are those that this file follows; if not, such
 * condition variables are to be left to libc. */
bool zag_sync_cond_known(void);

/* A cancellation point, at which it acts. */
int zag_sync_cond_wait_shared(pthread_cond_t *c, pthread_mutex_t *m,
			      zag_time deadline);

int zag_sync_cond_signal_shared(pthread_cond_t *c);
int zag_sync_cond_broadcast_shared(pthread_cond_t *c);
int zag_sync_cond_destroy_shared(pthread_cond_t *c);

#endif
