/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: sending and receiving, and waiting for one of several such. */
#include "zag.h"

#include <errno.h>
#include <stdlib.h>

#include "api/chan.h"
#include "base/atomic.h"

static int64_t until_ns(const struct timespec *until)
{
	int64_t ns;

	if (!until)
		return ZAG_API_NEVER;
	if (__builtin_mul_overflow(until->tv_sec, INT64_C(1000000000), &ns) ||
	    __builtin_add_overflow(ns, until->tv_nsec, &ns))
		return ZAG_API_NEVER;
	return ns;
}

/* --- all channels of a wait ---------------------------------------------- */

/* The channel after this one, by address, that any operation is for. */
static struct zag_chan *next_chan(const struct zag_chan_wait *w,
				  const struct zag_chan *after)
{
	struct zag_chan *next = NULL, *c;

	for (unsigned int i = 0; i < w->n; i++) {
		c = w->ops[i].chan;
		if ((uintptr_t)c > (uintptr_t)after &&
		    (!next || (uintptr_t)c < (uintptr_t)next))
			next = c;
	}
	return next;
}

static void lock_all(const struct zag_chan_wait *w)
{
	struct zag_chan *c = NULL;

	while ((c = next_chan(w, c)))
		pthread_mutex_lock(&c->lock);
}

static void unlock_all(const struct zag_chan_wait *w)
{
	struct zag_chan *c = NULL;

	while ((c = next_chan(w, c)))
		pthread_mutex_unlock(&c->lock);
}

/* xorshift: where to begin, so that none is always first. */
static unsigned int draw(struct zag_thread *t, unsigned int n)
{
	uint32_t x = t->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	t->random = x;
	return x % n;
}

/* One that can be done at once; or all are queued, and EAGAIN. */
static int begin(struct zag_chan_wait *w, bool may_wait, struct zag_exchange *x,
		 unsigned int *which)
{
	unsigned int at = w->n > 1 ? draw(w->thread, w->n) : 0;
	int r = EAGAIN;

	lock_all(w);
	for (unsigned int i = 0; i < w->n && r == EAGAIN; i++) {
		if (w->ops[at].chan)
			r = zag_chan_attempt(&w->ops[at], x);
		if (r != EAGAIN)
			*which = at;
		at = at + 1 == w->n ? 0 : at + 1;
	}
	for (unsigned int i = 0; may_wait && r == EAGAIN && i < w->n; i++)
		if (w->ops[i].chan)
			zag_chan_queue(&w->ops[i]);
	unlock_all(w);
	return r;
}

/* It is for others no longer.  Complete what was chosen, or pass it on. */
static int finish(struct zag_chan_wait *w, bool complete, unsigned int *which)
{
	struct zag_chan_op *chosen = zag_load_acq(&w->chosen), *op;
	int r = 0;

	for (unsigned int i = 0; i < w->n; i++) {
		op = &w->ops[i];
		if (!op->chan)
			continue;
		pthread_mutex_lock(&op->chan->lock);
		if (op == chosen && complete)
			r = zag_chan_complete(op);
		else if (op == chosen)
			zag_chan_pass_on(op);
		zag_chan_unqueue(op);
		zag_chan_release(op->chan);
		if (op == chosen)
			*which = i;
	}
	return r;
}

/* --- waiting ------------------------------------------------------------- */

/* Nobody is to choose it any more; false: somebody has. */
static bool give_up(struct zag_chan_wait *w)
{
	static struct zag_chan_op nothing;
	struct zag_chan_op *none = NULL;

	return zag_cas(&w->chosen, &none, &nothing);
}

/* pthread_cancel, in the wait: its mutex is held. */
static void unwound(void *wait)
{
	struct zag_chan_wait *w = wait;
	unsigned int which;

	pthread_mutex_unlock(&w->thread->lock);
	give_up(w);
	finish(w, false, &which);
}

/* In this order: a fiber that is to be unwound is not to fail instead. */
static int check(struct zag_thread *t)
{
	int err = zag_api_check(t);

	pthread_testcancel();
	return err;
}

static int why_not(struct zag_thread *t, int64_t until)
{
	int err = check(t);

	if (err || until == ZAG_API_NEVER)
		return err;
	return zag_api_now() >= until ? ETIMEDOUT : 0;
}

/* Until w was chosen, 0; or its thread was cancelled, or it is too late. */
static int wait_chosen(struct zag_chan_wait *w, int64_t until)
{
	struct zag_thread *t = w->thread;
	int err = 0;

	pthread_mutex_lock(&t->lock);
	pthread_cleanup_push(unwound, w);
	while (!zag_load_acq(&w->chosen)) {
		err = why_not(t, until);
		if (err && give_up(w))
			break;
		if (!err)
			zag_api_wait_ready(t, until);
		err = 0;
	}
	pthread_cleanup_pop(0);
	pthread_mutex_unlock(&t->lock);
	return err;
}

/* The one that was chosen is on its way: it does it, or is being unwound. */
static bool wait_exchange(struct zag_chan_wait *w, struct zag_exchange *x,
			  struct zag_chan *c)
{
	struct zag_thread *t = w->thread;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&t->lock);
	while (x->state == ZAG_EXCHANGE_OPEN)
		pthread_cond_wait(&t->ready, &t->lock);
	pthread_mutex_unlock(&t->lock);
	pthread_setcancelstate(state, NULL);
	pthread_mutex_lock(&c->lock);
	c->users--;
	zag_chan_release(c);
	return x->state == ZAG_EXCHANGE_DONE;
}

static int operate(struct zag_chan_wait *w, bool may_wait, int64_t until,
		   unsigned int *which)
{
	struct zag_exchange x;
	int r, err;

	for (;;) {
		r = begin(w, may_wait, &x, which);
		if (r != ZAG_CHAN_BEGUN)
			break;
		if (wait_exchange(w, &x, w->ops[*which].chan))
			return 0;
	}
	if (r != EAGAIN || !may_wait)
		return r;
	err = wait_chosen(w, until);
	r = finish(w, true, which);
	return err ? err : r;
}

static int enter(struct zag_thread *t)
{
	return t ? check(t) : ENOMEM;
}

/* --- one of them --------------------------------------------------------- */

static int one(struct zag_chan *c, int what, void *elem, bool may_wait,
	       int64_t until)
{
	struct zag_thread *t = zag_api_self();
	struct zag_chan_wait w = { .thread = t, .n = 1 };
	struct zag_chan_op op = {
		.chan = c, .wait = &w, .elem = elem, .what = what
	};
	unsigned int which = 0;
	int err = may_wait ? enter(t) : t ? 0 : ENOMEM;

	w.ops = &op;
	return err ? err : operate(&w, may_wait, until, &which);
}

int zag_chan_send(struct zag_chan *c, const void *elem)
{
	return one(c, ZAG_SEND, (void *)elem, true, ZAG_API_NEVER);
}

int zag_chan_recv(struct zag_chan *c, void *elem)
{
	return one(c, ZAG_RECV, elem, true, ZAG_API_NEVER);
}

int zag_chan_trysend(struct zag_chan *c, const void *elem)
{
	return one(c, ZAG_SEND, (void *)elem, false, 0);
}

int zag_chan_tryrecv(struct zag_chan *c, void *elem)
{
	return one(c, ZAG_RECV, elem, false, 0);
}

int zag_chan_timedsend(struct zag_chan *c, const void *elem,
		       const struct timespec *until)
{
	return one(c, ZAG_SEND, (void *)elem, true, until_ns(until));
}

int zag_chan_timedrecv(struct zag_chan *c, void *elem,
		       const struct timespec *until)
{
	return one(c, ZAG_RECV, elem, true, until_ns(until));
}

/* --- several ------------------------------------------------------------- */

enum {
	FEW = 8
};

static int of_several(struct zag_chan_wait *w,
		      const struct zag_chan_case *cases, int64_t until,
		      unsigned int *which)
{
	for (unsigned int i = 0; i < w->n; i++)
		w->ops[i] = (struct zag_chan_op){ .chan = cases[i].chan,
						  .wait = w,
						  .elem = cases[i].elem,
						  .what = cases[i].what };
	return operate(w, true, until, which);
}

int zag_chan_select(const struct zag_chan_case *cases, unsigned int n,
		    const struct timespec *until, unsigned int *which)
{
	struct zag_chan_op few[FEW];
	struct zag_chan_wait w = { .thread = zag_api_self(), .n = n };
	unsigned int found = n;
	int err = enter(w.thread);

	if (which)
		*which = n;
	if (err)
		return err;
	w.ops = n <= FEW ? few : malloc(n * sizeof(*w.ops));
	if (!w.ops)
		return ENOMEM;
	pthread_cleanup_push(free, n <= FEW ? NULL : w.ops);
	err = of_several(&w, cases, until_ns(until), &found);
	pthread_cleanup_pop(1);
	if (which)
		*which = found;
	return err;
}
