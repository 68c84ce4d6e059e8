/* SPDX-License-Identifier: BSD-2-Clause */
/* What libzag keeps of a thread; part of libzag, not of the preload object. */
#ifndef ZAG_API_THREAD_H
#define ZAG_API_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/hooks.h"
#include "base/queue.h"

#define ZAG_API_NEVER INT64_MAX

struct zag_thread {
	LIST_ENTRY(zag_thread) link; /* all that have called us */
	pthread_t id;
	_Atomic int err; /* zag_cancel's; without the shim */
	/* Its own: */
	unsigned int shields;
	int64_t deadline; /* without the shim */
	uint32_t random;  /* never 0 */
	bool creates;	  /* a thread, for libzag itself */
	/* zag_api_lock protects them: */
	pthread_cond_t changed;	 /* something of a scope's */
	struct zag_scope *scope; /* the innermost that it is in, or NULL */
	/* Taken last, to sleep and to wake who waits for channels. */
	pthread_mutex_t lock;
	pthread_cond_t ready;
};

/* Threads and scopes: what it protects is short. */
extern pthread_mutex_t zag_api_lock;

/* The shim's, or NULL: this is not a fiber. */
const struct zag_hooks *zag_api_hooks(void);

/* The calling thread's; NULL: no memory.  The other one: NULL also if it has
 * never called us. */
struct zag_thread *zag_api_self(void);
struct zag_thread *zag_api_known(void);

int64_t zag_api_now(void);
int64_t zag_api_deadline(struct zag_thread *t);

/* Cancel a thread that has not ended, with zag_api_lock held. */
void zag_api_cancel(struct zag_thread *t, int err);

/* t ends, and has left scopes inside `outer` unjoined: it was unwound.  They
 * end with it; the lock is not held. */
void zag_scope_abandon(struct zag_thread *t, const struct zag_scope *outer);

/* pthread_create, of a thread that nobody adopts. */
int zag_api_create(pthread_t *t, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg);

/* pthread_create in a scope that adopts; -1: this is none.  scope.h */
int zag_api_adopt(pthread_t *t, const pthread_attr_t *attr,
		  void *(*start)(void *), void *arg);

/* zag_check_cancel of the caller, t; also with its locks held. */
int zag_api_check(struct zag_thread *t);

/* Wait for t->ready, t being the caller, with its own lock held: until it is
 * signalled, then, the caller is cancelled, or for no reason.  It is a
 * cancellation point of pthread_cancel's. */
void zag_api_wait_ready(struct zag_thread *t, int64_t until);

/*
 * Wait for t->changed, t being the caller, with the lock held: until somebody
 * signals it, the caller is cancelled or its time is over, or for no reason.
 */
void zag_api_wait(struct zag_thread *t);

#endif
