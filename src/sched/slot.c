/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots for new fibers, those of finished ones first. */
#include "config.h"

#include "fiber/stack.h"
#include "sched/sched.h"

enum { CACHE_MOST = 256 }; /* finished slots a processor keeps */

static struct zag_fiber *pop_cached(struct zag_processor *p, size_t size,
				    size_t guard)
{
	struct zag_fiber *f = p ? p->cache : NULL;

	if (!f || p->cache_class != zag_stack_class(size, guard))
		return NULL;
	p->cache = f->next;
	p->cache_count--;
	return f;
}

struct zag_fiber *zag_sched_get_slot(size_t size, size_t guard)
{
	struct zag_fiber *f = NULL;
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);

	if (c) {
		f = pop_cached(c->processor, size, guard);
		zag_leave(c, was);
	}
	if (!f)
		f = zag_fiber_get(size, guard);
	if (f && f->stale)
		zag_fiber_recycle(f);
	return f;
}

static bool push_cached(struct zag_processor *p, struct zag_fiber *f)
{
	if (p && !p->cache)
		p->cache_class = f->class;
	if (!p || p->cache_class != f->class || p->cache_count >= CACHE_MOST)
		return false;
	f->next = p->cache;
	p->cache = f;
	p->cache_count++;
	return true;
}

void zag_sched_put_slot(struct zag_fiber *f, bool here)
{
	struct zag_carrier *c;
	bool kept = false;
	uint32_t was;

	f->stale = true;
	if (here)
		zag_fiber_recycle(f); /* may park: after it, c is another */
	zag_store_rlx(&f->state, ZAG_FIBER_FREE);
	c = zag_enter_self(&was);
	if (c) {
		kept = push_cached(c->processor, f);
		zag_leave(c, was);
	}
	if (!kept)
		zag_fiber_put(f);
}
