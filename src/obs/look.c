/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of fibers, and of their stacks. */
#include "config.h"

#include "obs/look.h"

#include <pthread.h>
#include <string.h>

#include "base/page.h"
#include "base/peek.h"
#include "base/raw.h"
#include "fiber/stack.h"
#include "sched/clock.h"
#include "sched/sched.h"

enum { TRIES = 4 };

/* --- one fiber ---------------------------------------------------------- */

static uint64_t ns_between(uint64_t from, uint64_t to)
{
	return (int64_t)(to - from) > 0 ? zag_clock_ns(to - from) : 0;
}

static bool is_parked(uint32_t state)
{
	return state == ZAG_FIBER_PARKED || state == ZAG_FIBER_PARKING;
}

static void copy_times(const struct zag_fiber *f, struct zag_look *l)
{
	uint64_t now = zag_arch_ticks(), since = zag_load_rlx(&f->since);
	uint64_t ready = zag_load_rlx(&f->ready_since);

	if (l->state == ZAG_FIBER_READY && (int64_t)(ready - since) > 0)
		since = ready;
	l->state_ns = ns_between(since, now);
	l->age_ns = ns_between(f->born, now);
	l->busy_ns = zag_clock_ns(zag_load_rlx(&f->busy));
	l->ready_ns = zag_clock_ns(zag_load_rlx(&f->ready));
	l->parked_ns = zag_clock_ns(zag_load_rlx(&f->parked));
	/* The state it is in counts as well. */
	if (is_parked(l->state))
		l->parked_ns += l->state_ns;
	else if (l->state == ZAG_FIBER_READY)
		l->ready_ns += l->state_ns;
	else
		l->busy_ns += l->state_ns;
}

static bool runs_natively(const struct zag_fiber *f, uint32_t state)
{
	const struct zag_carrier *c = f->carrier; /* never freed */

	return (state == ZAG_FIBER_RUNNING || state == ZAG_FIBER_PARKING) &&
	       c && c->current == f && !c->processor;
}

static void copy(const struct zag_fiber *f, struct zag_look *l)
{
	l->fiber = f;
	l->id = f->id;
	l->tid = f->tid;
	l->switches = zag_load_acq(&f->switches);
	l->state = zag_load_acq(&f->state);
	l->native = runs_natively(f, l->state);
	l->detached = zag_load_rlx(&f->join) == ZAG_DETACHED;
	memcpy(l->name, f->name, sizeof(l->name));
	l->start = (uintptr_t)f->start;
	l->why = is_parked(l->state) ? zag_load_rlx(&f->why) : NULL;
	l->arg = zag_load_rlx(&f->why_arg);
	l->until = zag_load_rlx(&f->why_until);
	l->stack_addr = (uintptr_t)f->stack_addr;
	l->stack_size = f->stack_size;
	l->ctx = f->ctx;
	l->call_pc = 0;
	l->site_pc = 0;
	copy_times(f, l);
}

/* Pairs with nothing on the fiber's side: a switch that was missed shows in
 * the counter sooner or later, and then the copy is only a little older. */
static bool unchanged(const struct zag_look *l)
{
	const struct zag_fiber *f = l->fiber;

	zag_fence();
	return zag_load_acq(&f->switches) == l->switches &&
	       zag_load_acq(&f->state) == l->state && f->id == l->id;
}

static bool look_at(const struct zag_fiber *f, struct zag_look *l)
{
	if (!f->ctx.tp)
		return false;
	for (int i = 0; i < TRIES; i++) {
		copy(f, l);
		if (unchanged(l))
			break;
	}
	/* One that changes all the time is told as it was. */
	return l->id && l->state != ZAG_FIBER_FREE;
}

/* --- all of them -------------------------------------------------------- */

bool zag_look_next_within(struct zag_look_cursor *c, struct zag_look *l,
			  uint32_t *budget)
{
	char *end;

	if (!c->main_done) {
		c->main_done = true;
		if (look_at(&zag_fiber_main, l))
			return true;
	}
	while (*budget) {
		end = zag_stack_next(&c->slots);
		if (!end)
			return false;
		--*budget;
		if (look_at(zag_fiber_slot(end), l))
			return true;
	}
	return false;
}

bool zag_look_next(struct zag_look_cursor *c, struct zag_look *l)
{
	uint32_t budget = UINT32_MAX;

	return zag_look_next_within(c, l, &budget);
}

bool zag_look_find(uint64_t id, struct zag_look *l)
{
	struct zag_look_cursor c = { 0 };

	while (zag_look_next(&c, l))
		if (l->id == id)
			return true;
	return false;
}

/* --- its stack ---------------------------------------------------------- */

bool zag_look_stack(const struct zag_look *l, size_t most,
		    struct zag_stack_copy *copy)
{
	static char *buf;
	static size_t room;
	uintptr_t sp = (uintptr_t)l->ctx.sp;
	uintptr_t top = l->stack_addr + l->stack_size;

	if (l->state != ZAG_FIBER_PARKED && l->state != ZAG_FIBER_READY)
		return false;
	if (l->stack_addr && top > sp && top - sp < most)
		most = top - sp;
	if (room < most) {
		zag_page_free(buf, room);
		buf = zag_page_alloc(most);
		room = buf ? most : 0;
	}
	if (!buf)
		return false;
	copy->from = sp;
	copy->bytes = buf;
	copy->size = zag_peek_some(sp, buf, most);
	return copy->size && unchanged(l);
}

static bool is_theirs(uintptr_t pc)
{
	return !zag_unwind_is_ours(pc);
}

void zag_look_site(struct zag_look *l)
{
	uintptr_t pcs[24];
	struct zag_stack_copy copy;
	size_t n = 0;

	if (zag_look_stack(l, ZAG_LOOK_STACK, &copy))
		n = zag_unwind(&l->ctx, &copy, pcs, 24, is_theirs);
	if (n < 2 || !is_theirs(pcs[n - 1]))
		return;
	l->site_pc = pcs[n - 1];
	l->call_pc = pcs[n - 2];
}

/* A page that was touched is resident, or was: idle stacks are not swapped in
 * by being looked at. */
size_t zag_look_touched(const struct zag_look *l)
{
	unsigned char pages[1024];
	const size_t page = zag_page_size();
	uintptr_t from = zag_round_down(l->stack_addr, page);
	uintptr_t top = l->stack_addr + l->stack_size;
	size_t touched = 0;

	if (!l->stack_addr || l->fiber->is_main)
		return 0;
	for (; from < top; from += sizeof(pages) * page) {
		size_t n = zag_min(sizeof(pages),
				   (top - from + page - 1) / page);

		memset(pages, 0, sizeof(pages));
		if (zag_raw(SYS_mincore, from, n * page, pages))
			break;
		for (size_t i = 0; i < n; i++)
			touched += pages[i] & 1;
	}
	return touched * page;
}

/* --- who has what it waits for ------------------------------------------ */

uint32_t zag_look_owner(const struct zag_look *l)
{
	union {
		pthread_mutex_t mutex;
		pthread_rwlock_t rwlock;
	} u;

	if (!l->why)
		return 0;
	if (l->why->arg == ZAG_ARG_MUTEX &&
	    zag_peek(l->arg, &u.mutex, sizeof(u.mutex)))
		return (uint32_t)u.mutex.__data.__owner;
	if (l->why->arg == ZAG_ARG_RWLOCK &&
	    zag_peek(l->arg, &u.rwlock, sizeof(u.rwlock)))
		return (uint32_t)u.rwlock.__data.__cur_writer;
	return 0;
}
