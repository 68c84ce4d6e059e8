/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: channels, and what happens to who waits for them. */
#include "api/chan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"

static void wake(struct zag_thread *t)
{
	pthread_mutex_lock(&t->lock);
	pthread_cond_signal(&t->ready);
	pthread_mutex_unlock(&t->lock);
}

/* --- who waits ----------------------------------------------------------- */

void zag_chan_queue(struct zag_chan_op *op)
{
	TAILQ_INSERT_TAIL(&op->chan->waiting[op->what], op, link);
	op->queued = true;
	op->chan->users++;
}

static void unlink_op(struct zag_chan_op *op)
{
	TAILQ_REMOVE(&op->chan->waiting[op->what], op, link);
	op->queued = false;
}

void zag_chan_unqueue(struct zag_chan_op *op)
{
	if (op->queued)
		unlink_op(op);
	op->chan->users--;
}

/*
 * Who has waited longest to do that, and is not `me`; or NULL.  It is still to
 * be woken, and sees that it was chosen when it has locked the channel: the
 * wait was queued, so its owner cannot go before that.  One that another
 * channel has chosen takes itself off.
 */
static struct zag_chan_op *choose(struct zag_chan *c, int what,
				  const struct zag_chan_wait *me)
{
	struct zag_chan_op *op, *none;

	TAILQ_FOREACH(op, &c->waiting[what], link) {
		none = NULL;
		if (op->wait == me || !zag_cas(&op->wait->chosen, &none, op))
			continue;
		unlink_op(op);
		return op;
	}
	return NULL;
}

static bool is_empty_for_good(const struct zag_chan *c)
{
	return c->closed && !c->count;
}

static void end_waiting(struct zag_chan *c, int what)
{
	struct zag_chan_op *op;

	while ((op = choose(c, what, NULL))) {
		op->err = EPIPE;
		wake(op->wait->thread);
	}
}

static size_t fit_for(const struct zag_chan *c, int what)
{
	size_t n = what == ZAG_RECV ? c->count : c->capacity - c->count;

	return n - c->promised[what];
}

static void promise(struct zag_chan *c, int what)
{
	struct zag_chan_op *op;

	while (fit_for(c, what) && (op = choose(c, what, NULL))) {
		c->promised[what]++;
		wake(op->wait->thread);
	}
}

/* The channel has changed: who waits and can go on? */
static void changed(struct zag_chan *c)
{
	promise(c, ZAG_RECV);
	if (c->closed)
		end_waiting(c, ZAG_SEND);
	else
		promise(c, ZAG_SEND);
	if (is_empty_for_good(c))
		end_waiting(c, ZAG_RECV);
}

/* --- the buffer ---------------------------------------------------------- */

static void copy(void *to, const void *from, size_t size)
{
	if (size)
		memcpy(to, from, size);
}

static void move(struct zag_chan_op *op)
{
	struct zag_chan *c = op->chan;
	size_t at = c->first;

	if (op->what == ZAG_SEND) {
		at += c->count++;
		at -= at < c->capacity ? 0 : c->capacity;
		copy(c->buffer + at * c->size, op->elem, c->size);
	} else {
		copy(op->elem, c->buffer + at * c->size, c->size);
		c->first = at + 1 == c->capacity ? 0 : at + 1;
		c->count--;
	}
	changed(c);
}

int zag_chan_attempt(struct zag_chan_op *op, struct zag_exchange *x)
{
	struct zag_chan *c = op->chan;
	struct zag_chan_op *other;

	if (op->what == ZAG_SEND ? c->closed : is_empty_for_good(c))
		return EPIPE;
	if (fit_for(c, op->what)) {
		move(op);
		return 0;
	}
	other = c->capacity ? NULL : choose(c, !op->what, op->wait);
	if (!other)
		return EAGAIN;
	*x = (struct zag_exchange){ op->wait->thread, op->elem,
				    ZAG_EXCHANGE_OPEN };
	other->exchange = x;
	c->users++;
	wake(other->wait->thread);
	return ZAG_CHAN_BEGUN;
}

static void end_exchange(struct zag_exchange *x, int state)
{
	struct zag_thread *t = x->thread;

	pthread_mutex_lock(&t->lock);
	x->state = state;
	pthread_cond_signal(&t->ready);
	pthread_mutex_unlock(&t->lock);
}

int zag_chan_complete(struct zag_chan_op *op)
{
	struct zag_chan *c = op->chan;
	struct zag_exchange *x = op->exchange;

	if (op->err)
		return op->err;
	if (x) {
		copy(op->what == ZAG_SEND ? x->elem : op->elem,
		     op->what == ZAG_SEND ? op->elem : x->elem, c->size);
		end_exchange(x, ZAG_EXCHANGE_DONE);
		return 0;
	}
	c->promised[op->what]--;
	if (op->what == ZAG_SEND && c->closed)
		return EPIPE;
	move(op);
	return 0;
}

void zag_chan_pass_on(struct zag_chan_op *op)
{
	if (op->err)
		return;
	if (op->exchange) {
		end_exchange(op->exchange, ZAG_EXCHANGE_BROKEN);
		return;
	}
	op->chan->promised[op->what]--;
	changed(op->chan);
}

/* --- its life ------------------------------------------------------------ */

struct zag_chan *zag_chan_open(size_t size, size_t capacity)
{
	struct zag_chan *c;
	size_t bytes;

	if (__builtin_mul_overflow(size, capacity, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*c), &bytes))
		return NULL;
	c = calloc(1, bytes);
	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	c->size = size;
	c->capacity = capacity;
	for (int i = 0; i < ZAG_DIRECTIONS; i++)
		TAILQ_INIT(&c->waiting[i]);
	return c;
}

void zag_chan_release(struct zag_chan *c)
{
	bool last = c->freed && !c->users;

	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void close_and(struct zag_chan *c, bool forget)
{
	pthread_mutex_lock(&c->lock);
	c->closed = true;
	c->freed = forget;
	changed(c);
	zag_chan_release(c);
}

void zag_chan_close(struct zag_chan *c)
{
	close_and(c, false);
}

void zag_chan_free(struct zag_chan *c)
{
	if (c)
		close_and(c, true);
}
