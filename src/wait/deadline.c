/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines: 4-ary heaps. */
#include "config.h"

#include "wait/deadline.h"

#include <stddef.h>

#include "base/lock.h"
#include "base/page.h"
#include "sched/sched.h"

enum { ARITY = 4, FIRST_BYTES = 16 * 1024 };

struct entry {
	zag_time at; /* a copy: comparing touches no fiber's stack */
	struct zag_deadline *d;
};

struct zag_deadlines {
	/* Protects the rest, and d->index of what is in it.  Taken before
	 * run queue locks. */
	struct zag_lock lock;
	_Atomic zag_time first; /* the earliest, for those without the lock */
	uint32_t count;		/* entries are 1 … count */
	uint32_t room;
	struct entry *e;
	ZAG_ALIGNED(ZAG_CACHE_LINE) char end[];
};

static struct zag_deadlines (*heaps)[ZAG_CLOCKS];

void (*zag_deadline_on_earlier)(uint32_t processor);

/* The first entries are there from the beginning: a program that has used up its
 * memory may still sleep. */
bool zag_deadline_init(uint32_t n)
{
	size_t size = zag_round_up((size_t)FIRST_BYTES, zag_page_size());
	char *first = zag_page_alloc(n * ZAG_CLOCKS * size);

	heaps = first ? zag_page_alloc(n * sizeof(*heaps)) : NULL;
	for (uint32_t i = 0; heaps && i < n * ZAG_CLOCKS; i++) {
		struct zag_deadlines *h = &heaps[i / ZAG_CLOCKS]
						[i % ZAG_CLOCKS];

		h->e = (struct entry *)(first + i * size);
		h->room = (uint32_t)(size / sizeof(struct entry));
		zag_store_rlx(&h->first, ZAG_NEVER);
	}
	return heaps != NULL;
}

static void place(struct zag_deadlines *h, uint32_t i, struct entry e)
{
	h->e[i] = e;
	e.d->index = i;
}

static uint32_t parent(uint32_t i)
{
	return (i - 2) / ARITY + 1;
}

static uint32_t first_child(uint32_t i)
{
	return (i - 1) * ARITY + 2;
}

static void sift_up(struct zag_deadlines *h, uint32_t i, struct entry e)
{
	while (i > 1 && e.at < h->e[parent(i)].at) {
		place(h, i, h->e[parent(i)]);
		i = parent(i);
	}
	place(h, i, e);
}

static void sift_down(struct zag_deadlines *h, uint32_t i, struct entry e)
{
	for (;;) {
		uint32_t c = first_child(i), least = c;
		uint32_t end = zag_min(c + ARITY - 1, h->count);

		if (c > h->count)
			break;
		while (++c <= end)
			if (h->e[c].at < h->e[least].at)
				least = c;
		if (e.at <= h->e[least].at)
			break;
		place(h, i, h->e[least]);
		i = least;
	}
	place(h, i, e);
}

static void note_first(struct zag_deadlines *h)
{
	zag_store_rlx(&h->first, h->count ? h->e[1].at : ZAG_NEVER);
}

static void take_out(struct zag_deadlines *h, uint32_t i)
{
	struct entry last = h->e[h->count--];

	h->e[i].d->index = 0;
	if (i > h->count)
		; /* it was the last */
	else if (i > 1 && last.at < h->e[parent(i)].at)
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
	note_first(h);
}

static bool make_room(struct zag_deadlines *h)
{
	size_t old = h->room * sizeof(struct entry);
	size_t size = 2 * old;
	struct entry *e;

	if (h->count + 1 < h->room)
		return true;
	e = zag_page_realloc(h->e, old, size);
	if (!e)
		return false;
	h->e = e;
	h->room = (uint32_t)(size / sizeof(struct entry));
	return true;
}

static bool insert(struct zag_deadlines *h, struct zag_deadline *d)
{
	if (!make_room(h))
		return false;
	sift_up(h, ++h->count, (struct entry){ d->at, d });
	note_first(h);
	return true;
}

static uint32_t home(void)
{
	uint32_t was;
	struct zag_carrier *c = zag_enter_self(&was);
	uint32_t i = c->processor ? c->processor->index : 0;

	zag_leave(c, was);
	return i;
}

bool zag_deadline_add(struct zag_deadline *d, struct zag_wait *w, zag_time at)
{
	bool wall = zag_time_is_wall(at);
	uint32_t i = home();
	struct zag_deadlines *h = &heaps[i][wall];
	bool done, earliest;

	d->at = wall ? at - ZAG_WALL : at;
	d->wait = w;
	d->heap = h;
	d->index = 0;
	zag_lock(&h->lock);
	done = insert(h, d);
	earliest = d->index == 1;
	zag_unlock(&h->lock);
	if (earliest && zag_deadline_on_earlier)
		zag_deadline_on_earlier(i);
	return done;
}

void zag_deadline_remove(struct zag_deadline *d)
{
	zag_lock(&d->heap->lock);
	if (d->index)
		take_out(d->heap, d->index);
	zag_unlock(&d->heap->lock);
}

zag_time zag_deadline_next(uint32_t processor, int clock)
{
	return zag_load_rlx(&heaps[processor][clock].first);
}

int zag_deadline_expire(uint32_t processor, int clock, zag_time now)
{
	struct zag_deadlines *h = &heaps[processor][clock];
	int n = 0;

	if (zag_load_rlx(&h->first) > now)
		return 0;
	zag_lock(&h->lock);
	while (h->count && h->e[1].at <= now) {
		struct zag_deadline *d = h->e[1].d;

		take_out(h, 1);
		/* Under the lock: the waiter takes it before its stack, where
		 * d and d->wait are, goes. */
		n += zag_wait_wake(d->wait, ZAG_WAKE_TIMEOUT);
	}
	zag_unlock(&h->lock);
	return n;
}
