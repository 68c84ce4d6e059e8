/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread at a time on a stack that the program brings. */
#include "config.h"

#include "wait/ownstack.h"

#include <limits.h>
#include <string.h>

#include "base/lock.h"
#include "wait/lot.h"

static struct {
	struct zag_lock lock; /* protects the list; after the lot's */
	struct zag_fiber *first;
} used;

static const char *top(const struct zag_fiber *f)
{
	return (const char *)f->stack_addr + f->stack_size;
}

/* The lock is held.  A stack may well be a part of another thread's: it is the
 * same one if it begins at the same place. */
static bool same_is_used(const struct zag_fiber *f)
{
	const struct zag_fiber *u = used.first;

	while (u && top(u) != top(f))
		u = u->next_own;
	return u != NULL;
}

static bool must_wait(void *arg)
{
	bool wait;

	zag_lock(&used.lock);
	wait = same_is_used(arg);
	zag_unlock(&used.lock);
	return wait;
}

static bool try_claim(struct zag_fiber *f)
{
	bool mine;

	zag_lock(&used.lock);
	mine = !same_is_used(f);
	if (mine) {
		f->next_own = used.first;
		used.first = f;
	}
	zag_unlock(&used.lock);
	return mine;
}

void zag_ownstack_claim(struct zag_fiber *f)
{
	static const struct zag_lot_ops ops = { .validate = must_wait };

	while (!try_claim(f))
		zag_lot_park(&used, &ops, f, ZAG_NEVER);
}

void zag_ownstack_release(struct zag_fiber *f)
{
	struct zag_fiber **link = &used.first;

	zag_lock(&used.lock);
	while (*link != f)
		link = &(*link)->next_own;
	*link = f->next_own;
	zag_unlock(&used.lock);
	zag_lot_wake(&used, INT_MAX);
}

void zag_ownstack_reset(void)
{
	memset(&used, 0, sizeof(used));
}
