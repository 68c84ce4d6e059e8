/* SPDX-License-Identifier: BSD-2-Clause */
/* What libzag keeps of a thread; part of libzag, not of the preload object. */
#ifndef ZAG_API_THREAD_H
#define ZAG_API_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/hooks.h"

#define ZAG_API_NEVER INT64_MAX

struct zag_thread {
	struct zag_thread *next, **link; /* all that have called us */
	pthread_t id;
	/* The lock protects the rest. */
	pthread_cond_t changed; /* something it waits for in libzag */
	int err;		/* zag_cancel's; without the shim */
	unsigned int shields;
	int64_t deadline; /* without the shim */
};

/* One lock for all of libzag: what it protects is short. */
extern pthread_mutex_t zag_api_lock;

/* The shim's, or NULL: this is not a fiber. */
const struct zag_hooks *zag_api_hooks(void);

/* The calling thread's; NULL: no memory. */
struct zag_thread *zag_api_self(void);

int64_t zag_api_now(void);
int64_t zag_api_deadline(struct zag_thread *t);

/* zag_check_cancel of the caller, t, with the lock held. */
int zag_api_check(struct zag_thread *t);

/*
 * Wait for t->changed, t being the caller, with the lock held: until somebody
 * signals it, the caller is cancelled or its time is over, or for no reason.
 */
void zag_api_wait(struct zag_thread *t);

#endif
