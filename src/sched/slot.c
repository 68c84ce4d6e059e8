/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots for new fibers, those of finished ones first. */
#include "config.h"

#include "fiber/stack.h"
#include "sched/sched.h"

/*
 * A processor keeps a few finished slots and exchanges some at a time with
 * their class.  Those of many must not pile up where fibers end while another
 * processor, which starts them, takes new ones.
 */
enum { CACHE_MOST = 16, CACHE_MOVED = 8 };

static struct zag_fiber *pop_cached(struct zag_processor *p, size_t size,
				    size_t guard)
{
	struct zag_stack_class *class = zag_stack_class(size, guard);
	struct zag_fiber *f;

	if (!p || !class)
		return NULL;
	if (!p->cache) {
		p->cache_class = class;
		p->cache = zag_stack_pop(class, CACHE_MOVED);
		for (f = p->cache; f; f = f->next)
			p->cache_count++;
	}
	f = p->cache;
	if (!f || p->cache_class != class)
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
		return zag_fiber_get(size, guard);
	if (f->stale)
		zag_fiber_recycle(f);
	return f;
}

/* Cut off those that have been in the cache for longest. */
static struct zag_fiber *cut_cache(struct zag_processor *p)
{
	struct zag_fiber *last = p->cache, *rest;

	for (int i = 1; i < CACHE_MOST - CACHE_MOVED; i++)
		last = last->next;
	rest = last->next;
	last->next = NULL;
	p->cache_count -= CACHE_MOVED;
	return rest;
}

/* Returns the slots for which there is no place, all of one class. */
static struct zag_fiber *push_cached(struct zag_processor *p,
				     struct zag_fiber *f)
{
	struct zag_fiber *rest = NULL;

	f->next = NULL;
	if (p && !p->cache)
		p->cache_class = f->class;
	if (!p || p->cache_class != f->class)
		return f;
	if (p->cache_count == CACHE_MOST)
		rest = cut_cache(p);
	f->next = p->cache;
	p->cache = f;
	p->cache_count++;
	return rest;
}

void zag_sched_put_slot(struct zag_fiber *f, bool here)
{
	struct zag_carrier *c;
	uint32_t was;

	f->stale = true;
	if (here)
		zag_fiber_recycle(f); /* may park: after it, c is another */
	zag_store_rlx(&f->state, ZAG_FIBER_FREE);
	c = zag_enter_self(&was);
	if (c) {
		f = push_cached(c->processor, f);
		zag_leave(c, was);
	}
	if (f)
		zag_fiber_put_all(f);
}
