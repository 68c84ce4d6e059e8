/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of pending signals. */
#include "config.h"

#include "ctl/sigqueue.h"

#include <limits.h>
#include <string.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "base/page.h"
#include "base/sigmask.h"
#include "fiber/sigmask.h"

struct zag_siginfo {
	struct zag_siginfo *next;
	siginfo_t si;
};

static struct {
	struct zag_lock lock; /* protects all queues; before the heap's */
	struct zag_sigqueue process;
	struct zag_fiber *fibers; /* those that have any */
} pending;

static struct zag_sigqueue *queue_of(struct zag_fiber *f)
{
	return f ? &f->sigqueue : &pending.process;
}

static _Atomic uint64_t *bits_of(struct zag_fiber *f)
{
	return f ? &f->sigpending : &zag_sigmask_shared;
}

/* --- the list of fibers that have any; the lock is held ----------------- */

static void enlist(struct zag_fiber *f)
{
	struct zag_sigqueue *q = &f->sigqueue;

	q->next = pending.fibers;
	q->link = &pending.fibers;
	if (q->next)
		q->next->sigqueue.link = &q->next;
	pending.fibers = f;
}

static void delist(struct zag_fiber *f)
{
	struct zag_sigqueue *q = &f->sigqueue;

	*q->link = q->next;
	if (q->next)
		q->next->sigqueue.link = q->link;
}

void (*zag_sigqueue_on_timer)(const siginfo_t *si);

/* --- in and out --------------------------------------------------------- */

static bool queues(int signo)
{
	return signo >= __libc_current_sigrtmin();
}

/* The lock is held. */
static void append(struct zag_fiber *f, struct zag_siginfo *new)
{
	struct zag_sigqueue *q = queue_of(f);

	new->next = NULL;
	if (q->first)
		q->last->next = new;
	else
		q->first = new;
	if (f && q->first == new)
		enlist(f);
	q->last = new;
	zag_or(bits_of(f), ZAG_SIGBIT(new->si.si_signo));
}

/* A timer has one signal pending at most, and counts what it had more to say.
 * The lock is held. */
static bool add_overrun(struct zag_fiber *f, const siginfo_t *si)
{
	struct zag_siginfo *s = NULL;

	if (si->si_code == SI_TIMER)
		for (s = queue_of(f)->first; s; s = s->next)
			if (s->si.si_code == SI_TIMER &&
			    s->si.si_timerid == si->si_timerid)
				break;
	if (s)
		s->si.si_overrun = zag_min(s->si.si_overrun, INT_MAX - 1 -
					   si->si_overrun) + si->si_overrun + 1;
	return s;
}

bool zag_sigqueue_add(struct zag_fiber *f, const siginfo_t *si)
{
	struct zag_siginfo *new = zag_heap_realloc(NULL, sizeof(*new));
	uint64_t bit = ZAG_SIGBIT(si->si_signo);
	bool add;

	if (!new)
		return false;
	new->si = *si;
	zag_lock(&pending.lock);
	add = !add_overrun(f, si) &&
	      (queues(si->si_signo) || !(zag_load_rlx(bits_of(f)) & bit));
	if (add)
		append(f, new);
	zag_unlock(&pending.lock);
	if (!add)
		zag_heap_realloc(new, 0);
	return true;
}

/* The lock is held. */
static void remove_after(struct zag_fiber *f, struct zag_siginfo *prev,
			 struct zag_siginfo *s)
{
	struct zag_sigqueue *q = queue_of(f);

	if (prev)
		prev->next = s->next;
	else
		q->first = s->next;
	if (q->last == s)
		q->last = prev;
	if (f && !q->first)
		delist(f);
}

/* Take the first with this number; the lock is held. */
static struct zag_siginfo *take_first(struct zag_fiber *f, int signo)
{
	struct zag_siginfo *prev = NULL, *s = queue_of(f)->first, *more;

	while (s && s->si.si_signo != signo) {
		prev = s;
		s = s->next;
	}
	if (!s)
		return NULL;
	for (more = s->next; more && more->si.si_signo != signo;)
		more = more->next;
	if (!more)
		zag_and(bits_of(f), ~ZAG_SIGBIT(signo));
	remove_after(f, prev, s);
	return s;
}

/* The lock is held. */
static struct zag_siginfo *take_any(struct zag_fiber *f, uint64_t set)
{
	uint64_t bits = zag_load_rlx(bits_of(f)) & set;

	return bits ? take_first(f, __builtin_ctzll(bits) + 1) : NULL;
}

/* s, if there is one, is not in a queue any more. */
static bool hand_out(struct zag_siginfo *s, siginfo_t *si)
{
	if (!s)
		return false;
	*si = s->si;
	zag_heap_realloc(s, 0);
	if (si->si_code == SI_TIMER && zag_sigqueue_on_timer)
		zag_sigqueue_on_timer(si);
	return true;
}

bool zag_sigqueue_take(struct zag_fiber *f, uint64_t set, siginfo_t *si)
{
	struct zag_siginfo *s;

	if (!((zag_load_acq(&f->sigpending) |
	       zag_load_acq(&zag_sigmask_shared)) & set))
		return false;
	zag_lock(&pending.lock);
	s = take_any(f, set);
	if (!s)
		s = take_any(NULL, set);
	zag_unlock(&pending.lock);
	return hand_out(s, si);
}

bool zag_sigqueue_take_shared(uint64_t set, siginfo_t *si)
{
	struct zag_siginfo *s;

	zag_lock(&pending.lock);
	s = take_any(NULL, set);
	zag_unlock(&pending.lock);
	return hand_out(s, si);
}

/* The lock is held. */
static void drop(struct zag_fiber *f, uint64_t set)
{
	struct zag_siginfo *s;

	while ((s = take_any(f, set)))
		zag_heap_realloc(s, 0);
}

void zag_sigqueue_clear(struct zag_fiber *f)
{
	if (!zag_load_acq(&f->sigpending))
		return;
	zag_lock(&pending.lock);
	drop(f, UINT64_MAX);
	zag_unlock(&pending.lock);
}

void zag_sigqueue_discard(uint64_t set)
{
	struct zag_fiber *f, *next;

	zag_lock(&pending.lock);
	drop(NULL, set);
	for (f = pending.fibers; f; f = next) {
		next = f->sigqueue.next;
		drop(f, set);
	}
	zag_unlock(&pending.lock);
}

void zag_sigqueue_each(void (*fn)(struct zag_fiber *f, void *arg), void *arg)
{
	zag_lock(&pending.lock);
	for (struct zag_fiber *f = pending.fibers; f; f = f->sigqueue.next)
		fn(f, arg);
	zag_unlock(&pending.lock);
}

void zag_sigqueue_reset(struct zag_fiber *self)
{
	memset(&pending, 0, sizeof(pending));
	if (self) {
		memset(&self->sigqueue, 0, sizeof(self->sigqueue));
		zag_store_rlx(&self->sigpending, 0);
	}
	zag_store_rlx(&zag_sigmask_shared, 0);
}
