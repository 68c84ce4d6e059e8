/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns: who waits in the kernel for many. */
#include "config.h"

#include "wait/turn.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "base/lock.h"
#include "fiber/why.h"

enum { BUCKETS = 64 };

static struct bucket {
	struct zag_lock lock; /* protects the list, and `first` of who is in it;
				 before run queue locks */
	struct zag_turn *head;
} buckets[BUCKETS];

static struct bucket *bucket_of(const struct zag_turn *t)
{
	uint64_t h = 0;

	for (size_t i = 0; i < sizeof(t->key) / sizeof(t->key[0]); i++)
		h = (h ^ t->key[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return &buckets[h >> 58];
}

static bool same(const struct zag_turn *a, const struct zag_turn *b)
{
	return !memcmp(a->key, b->key, sizeof(a->key));
}

/*
 * Queue t, the last; it is the first if nobody is who has its key.  (Others
 * may be there whose wait a signal has ended: they have yet to leave.)
 */
static void append(struct bucket *b, struct zag_turn *t)
{
	struct zag_turn **link = &b->head;

	t->first = true;
	for (; *link; link = &(*link)->next)
		if ((*link)->first && same(*link, t))
			t->first = false;
	t->next = NULL;
	t->queued = true;
	*link = t;
}

static void remove_turn(struct bucket *b, struct zag_turn *t)
{
	struct zag_turn **link = &b->head;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	t->queued = false;
}

/* The next one with t's key that still waits is the first; with its tag, too. */
static bool wake_next(struct bucket *b, const struct zag_turn *t, bool tagged)
{
	for (struct zag_turn *n = b->head; n; n = n->next) {
		if (!same(n, t) || (tagged && n->tag != t->tag))
			continue;
		n->first = true;
		if (zag_wait_wake(&n->wait, ZAG_WAKE_READY))
			return true;
		n->first = false;
	}
	return false;
}

/* t leaves. */
static void pass_on(struct bucket *b, struct zag_turn *t)
{
	remove_turn(b, t);
	if (!wake_next(b, t, true))
		wake_next(b, t, false);
}

static bool queue(struct bucket *b, struct zag_turn *t)
{
	bool first;

	zag_lock(&b->lock);
	append(b, t);
	first = t->first;
	if (!first)
		zag_wait_begin(&t->wait);
	zag_unlock(&b->lock);
	return first;
}

int zag_turn_enter(struct zag_turn *t, bool restarts)
{
	struct bucket *b = bucket_of(t);
	enum zag_wake reason;
	int err;

	while (!queue(b, t)) {
		zag_why_default(&zag_why_offload, UINTPTR_MAX);
		reason = zag_wait_sleep(&t->wait, ZAG_NEVER);
		if (reason == ZAG_WAKE_READY)
			return zag_wake_errno(reason);
		zag_lock(&b->lock);
		remove_turn(b, t);
		zag_unlock(&b->lock);
		err = reason == ZAG_WAKE_SIGNAL ?
			      zag_wait_interrupted(restarts) :
			      zag_wake_errno(reason);
		if (err)
			return err;
	}
	return 0;
}

void zag_turn_leave(void *turn)
{
	struct zag_turn *t = turn;
	struct bucket *b = bucket_of(t);

	zag_lock(&b->lock);
	if (t->queued)
		pass_on(b, t);
	zag_unlock(&b->lock);
}

void zag_turn_reset(void)
{
	memset(buckets, 0, sizeof(buckets));
}
