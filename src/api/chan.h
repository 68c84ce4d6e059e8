/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libzag: a channel and those who wait for it; part of libzag.
 *
 * Nothing is ever done for a thread that waits: it may be unwound by
 * pthread_cancel at any moment, and then must not have sent, nor have lost
 * what it was given.  So who makes a channel fit for somebody chooses the one
 * who has waited longest, once; that one runs and does it itself, or, when it
 * is unwound, passes it on.  Meanwhile an element of the buffer, or a place in
 * it, is promised, and not for those who come later.  Without a buffer who
 * chooses waits until the chosen one has copied the element.
 *
 * Locks: first those of channels, in the order of their addresses; then a
 * thread's.
 */
#ifndef ZAG_API_CHAN_H
#define ZAG_API_CHAN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/thread.h"
#include "base/queue.h"
#include "zag.h"

enum {
	ZAG_DIRECTIONS = ZAG_SEND + 1
};

/* It is begun: the other side copies.  No errno. */
enum {
	ZAG_CHAN_BEGUN = -1
};

/* Without a buffer: one who has chosen another, and waits for that. */
struct zag_exchange {
	struct zag_thread *thread;
	void *elem;
	enum {
		ZAG_EXCHANGE_OPEN,
		ZAG_EXCHANGE_DONE,
		ZAG_EXCHANGE_BROKEN,
	} state; /* the thread's lock protects it */
};

/* One send or receive; on its thread's stack, or its heap for many. */
struct zag_chan_op {
	/* Its owner's: */
	struct zag_chan *chan;
	struct zag_chan_wait *wait;
	void *elem;
	int what; /* ZAG_SEND, ZAG_RECV */
	/* The channel's lock protects the rest. */
	TAILQ_ENTRY(zag_chan_op) link;
	bool queued;
	struct zag_exchange *exchange; /* of who has chosen it */
	int err;		       /* why it fails, then */
};

/* All that a thread waits for. */
struct zag_chan_wait {
	struct zag_thread *thread;
	_Atomic(struct zag_chan_op *) chosen; /* NULL, until only one is left */
	struct zag_chan_op *ops;
	unsigned int n;
};

struct zag_chan {
	pthread_mutex_t lock; /* protects the rest */
	size_t size, capacity;
	size_t first, count;		 /* of the elements in the buffer */
	size_t promised[ZAG_DIRECTIONS]; /* places, elements */
	TAILQ_HEAD(, zag_chan_op) waiting[ZAG_DIRECTIONS];
	unsigned int users; /* waiting, or not yet gone */
	bool closed, freed;
	char buffer[];
};

/*
 * Do it if it can be done without waiting: 0, EPIPE, EAGAIN, or ZAG_CHAN_BEGUN
 * and *x is to be waited for.  The channel's lock is held.
 */
int zag_chan_attempt(struct zag_chan_op *op, struct zag_exchange *x);

/* Have it wait in the channel's queue; and no longer.  The lock is held. */
void zag_chan_queue(struct zag_chan_op *op);
void zag_chan_unqueue(struct zag_chan_op *op);

/* op was chosen: do it, 0 or EPIPE; or pass it on.  The lock is held. */
int zag_chan_complete(struct zag_chan_op *op);
void zag_chan_pass_on(struct zag_chan_op *op);

/* Unlock; a channel that was freed goes with its last user. */
void zag_chan_release(struct zag_chan *c);

#endif
