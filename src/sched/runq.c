/* SPDX-License-Identifier: BSD-2-Clause */
/* Local run queues with stealing, and the global one. */
#include "config.h"

#include "sched/runq.h"

#include <string.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "fiber/fiber.h"

#define SLOT(q, i) (&(q)->ring[(i) % ZAG_RUNQ_SIZE])

static struct {
	struct zag_lock lock; /* protects the list; a leaf */
	struct zag_fiber *first, *last;
	_Atomic uint32_t length;
} globq;

void zag_globq_put_list(struct zag_fiber *first, struct zag_fiber *last,
			uint32_t n)
{
	last->next = NULL;
	zag_lock(&globq.lock);
	if (globq.last)
		globq.last->next = first;
	else
		globq.first = first;
	globq.last = last;
	zag_count(&globq.length, n);
	zag_unlock(&globq.lock);
}

void zag_globq_put(struct zag_fiber *f)
{
	zag_globq_put_list(f, f, 1);
}

void zag_globq_reset(void)
{
	memset(&globq, 0, sizeof(globq));
}

uint32_t zag_globq_length(void)
{
	return zag_load_rlx(&globq.length);
}

/* The lock is held. */
static struct zag_fiber *globq_pop(void)
{
	struct zag_fiber *f = globq.first;

	if (!f)
		return NULL;
	globq.first = f->next;
	if (!globq.first)
		globq.last = NULL;
	zag_count(&globq.length, (uint32_t)-1);
	return f;
}

struct zag_fiber *zag_globq_get(struct zag_runq *q, uint32_t most)
{
	struct zag_fiber *f, *more;

	if (!zag_globq_length())
		return NULL;
	zag_lock(&globq.lock);
	f = globq_pop();
	for (uint32_t i = 1; q && i < most; i++) {
		if (zag_runq_length(q) >= ZAG_RUNQ_SIZE - 1)
			break; /* putting must not spill: we hold the lock */
		more = globq_pop();
		if (!more)
			break;
		zag_runq_put(q, more);
	}
	zag_unlock(&globq.lock);
	return f;
}

/* A part of the full ring, and f, go to the global queue.  False: a thief has
 * made room meanwhile. */
static bool spill(struct zag_runq *q, uint32_t head, struct zag_fiber *f)
{
	enum { PART = 64 }; /* this may be a fiber's small stack */
	struct zag_fiber *batch[PART];

	for (uint32_t i = 0; i < PART; i++)
		batch[i] = zag_load_rlx(SLOT(q, head + i));
	if (!zag_cas(&q->head, &head, head + PART))
		return false;
	for (uint32_t i = 0; i + 1 < PART; i++)
		batch[i]->next = batch[i + 1];
	batch[PART - 1]->next = f;
	zag_globq_put_list(batch[0], f, PART + 1);
	return true;
}

void zag_runq_put(struct zag_runq *q, struct zag_fiber *f)
{
	for (;;) {
		uint32_t head = zag_load_acq(&q->head);
		uint32_t tail = zag_load_rlx(&q->tail);

		if (zag_likely(tail - head < ZAG_RUNQ_SIZE)) {
			zag_store_rlx(SLOT(q, tail), f);
			/* Pairs with the acquire loads of thieves. */
			zag_store_rel(&q->tail, tail + 1);
			return;
		}
		if (spill(q, head, f))
			return;
	}
}

void zag_runq_put_next(struct zag_runq *q, struct zag_fiber *f, uint64_t ticks)
{
	struct zag_fiber *old;

	zag_store_rlx(&q->next_ticks, ticks);
	old = zag_xchg(&q->next, f);
	if (old)
		zag_runq_put(q, old);
}

/*
 * The stacks of thousands of fibers do not stay in the cache: fetch what the
 * switch to the next ones will touch.  A slot beyond the tail holds an old
 * fiber, whose memory is never unmapped, or NULL.
 */
static void prefetch_after(struct zag_runq *q, uint32_t head)
{
	struct zag_fiber *next = zag_load_rlx(SLOT(q, head + 1));
	struct zag_fiber *later = zag_load_rlx(SLOT(q, head + 2));

	if (!next || !later)
		return;
	__builtin_prefetch(later);
	__builtin_prefetch(next->ctx.sp);
	__builtin_prefetch((char *)next->ctx.sp + ZAG_CACHE_LINE);
}

struct zag_fiber *zag_runq_get_first(struct zag_runq *q)
{
	uint32_t head = zag_load_acq(&q->head);

	for (;;) {
		struct zag_fiber *f;

		if (head == zag_load_rlx(&q->tail))
			return NULL;
		f = zag_load_rlx(SLOT(q, head));
		if (zag_cas(&q->head, &head, head + 1)) {
			prefetch_after(q, head);
			return f;
		}
	}
}

struct zag_fiber *zag_runq_get(struct zag_runq *q)
{
	struct zag_fiber *f = zag_load_rlx(&q->next);

	if (f && zag_cas(&q->next, &f, NULL))
		return f;
	return zag_runq_get_first(q);
}

static struct zag_fiber *steal_next(struct zag_runq *victim, uint64_t patience)
{
	struct zag_fiber *f = zag_load_acq(&victim->next);

	if (!f || zag_arch_ticks() - zag_load_rlx(&victim->next_ticks) <
			  patience)
		return NULL;
	return zag_cas(&victim->next, &f, NULL) ? f : NULL;
}

struct zag_fiber *zag_runq_steal(struct zag_runq *q, struct zag_runq *victim,
				 uint64_t patience)
{
	for (;;) {
		uint32_t head = zag_load_acq(&victim->head);
		uint32_t n = zag_load_acq(&victim->tail) - head;
		uint32_t tail = zag_load_rlx(&q->tail);
		struct zag_fiber *f;

		if (n > ZAG_RUNQ_SIZE)
			continue; /* head was stale */
		n -= n / 2;
		if (!n)
			return steal_next(victim, patience);
		for (uint32_t i = 0; i < n; i++)
			zag_store_rlx(SLOT(q, tail + i),
				      zag_load_rlx(SLOT(victim, head + i)));
		if (!zag_cas(&victim->head, &head, head + n))
			continue;
		f = zag_load_rlx(SLOT(q, tail + n - 1));
		zag_store_rel(&q->tail, tail + n - 1);
		return f;
	}
}

uint32_t zag_runq_length(const struct zag_runq *q)
{
	uint32_t head = zag_load_acq(&q->head);
	uint32_t n = zag_load_acq(&q->tail) - head;

	return (n > ZAG_RUNQ_SIZE ? ZAG_RUNQ_SIZE : n) +
	       (zag_load_acq(&q->next) != NULL);
}
