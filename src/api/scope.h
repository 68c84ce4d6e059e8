/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: what a scope consists of; part of libzag. */
#ifndef ZAG_API_SCOPE_H
#define ZAG_API_SCOPE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/thread.h"
#include "base/queue.h"
#include "zag.h"

LIST_HEAD(zag_tasks, zag_task);

/* A thread in a scope.  zag_api_lock protects what changes. */
struct zag_task {
	LIST_ENTRY(zag_task) link; /* of its kind in the scope */
	struct zag_scope *scope;
	struct zag_thread *self; /* while it may be cancelled, or NULL */
	int64_t deadline;
	void *arg;
	/* One that was spawned: */
	int (*fn)(void *arg);
	pthread_t thread;
	int err; /* what fn has returned */
	/* One that was adopted: */
	void *(*start)(void *arg);
};

/* zag_api_lock protects it. */
struct zag_scope {
	struct zag_thread *owner;
	struct zag_scope *outer; /* that its owner was in, or NULL */
	unsigned int limit, running;
	struct zag_tasks tasks;	  /* spawned */
	struct zag_tasks ended;	  /* of these, still to be joined */
	struct zag_tasks adopted; /* not yet ended */
	bool adopts;
	int err; /* the first; then all are cancelled */
	void *who;
};

/* The calling thread is k's; it is cancelled at once if the scope has been.
 * The lock is held. */
void zag_task_begin(struct zag_task *k, struct zag_thread *self);

#endif
