/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: scopes, which no thread that was spawned in them outlives. */
#include "api/scope.h"

#include <errno.h>
#include <stdlib.h>

/* --- its members --------------------------------------------------------- */

/* What they are cancelled with. */
static int reason(const struct zag_scope *s)
{
	return s->err == ETIMEDOUT ? ETIMEDOUT : ECANCELED;
}

static void cancel(const struct zag_tasks *list, int err)
{
	struct zag_task *k;

	LIST_FOREACH(k, list, link)
		if (k->self)
			zag_api_cancel(k->self, err);
}

/* The first error is the scope's, and the others' end.  The lock is held. */
static void fail(struct zag_scope *s, int err, void *who)
{
	if (s->err)
		return;
	s->err = err;
	s->who = who;
	cancel(&s->tasks, reason(s));
	cancel(&s->adopted, reason(s));
	pthread_cond_signal(&s->owner->changed);
}

void zag_task_begin(struct zag_task *k, struct zag_thread *self)
{
	k->self = self;
	self->scope = k->scope;
	self->deadline = k->deadline; /* a fiber has it already */
	if (k->scope->err)
		zag_api_cancel(self, reason(k->scope));
}

/* --- its life ------------------------------------------------------------ */

struct zag_scope *zag_scope_open(unsigned int limit)
{
	struct zag_thread *self = zag_api_self();
	struct zag_scope *s = self ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	s->owner = self;
	s->limit = limit;
	pthread_mutex_lock(&zag_api_lock);
	s->outer = self->scope;
	self->scope = s;
	pthread_mutex_unlock(&zag_api_lock);
	return s;
}

/* Under the lock: who cancels the owner afterwards wakes its wait. */
static void note_owner(struct zag_scope *s)
{
	int err = zag_api_check(s->owner);

	if (err)
		fail(s, err, NULL);
}

/* Also by pthread_exit, or unwound. */
static void end(void *task)
{
	struct zag_task *k = task;

	zag_scope_abandon(k->self, k->scope);
	pthread_mutex_lock(&zag_api_lock);
	if (k->self)
		k->self->scope = NULL;
	k->self = NULL;
	LIST_REMOVE(k, link);
	LIST_INSERT_HEAD(&k->scope->ended, k, link);
	k->scope->running--;
	if (k->err)
		fail(k->scope, k->err, k->arg);
	pthread_cond_signal(&k->scope->owner->changed);
	pthread_mutex_unlock(&zag_api_lock);
}

static void *run(void *task)
{
	struct zag_task *k = task;
	struct zag_thread *self = zag_api_self();

	pthread_mutex_lock(&zag_api_lock);
	if (self)
		zag_task_begin(k, self);
	pthread_mutex_unlock(&zag_api_lock);
	k->err = ECANCELED; /* unless it returns */
	pthread_cleanup_push(end, k);
	k->err = self ? k->fn(k->arg) : ENOMEM;
	pthread_cleanup_pop(1);
	return NULL;
}

/* For a moment, and whatever becomes of us. */
static void join(pthread_t t)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	zag_shield_enter();
	pthread_join(t, NULL);
	zag_shield_leave();
	pthread_setcancelstate(state, NULL);
}

/* Join who has ended.  The lock is held, and given up meanwhile. */
static void reap(struct zag_scope *s)
{
	struct zag_task *k;

	while ((k = LIST_FIRST(&s->ended))) {
		LIST_REMOVE(k, link);
		pthread_mutex_unlock(&zag_api_lock);
		join(k->thread);
		free(k);
		pthread_mutex_lock(&zag_api_lock);
	}
}

/* Room for one more; or the error of the scope. */
static int enter(struct zag_scope *s)
{
	unsigned int limit = s->limit ? s->limit : UINT32_MAX;
	int err;

	pthread_mutex_lock(&zag_api_lock);
	for (;;) {
		note_owner(s);
		reap(s);
		err = s->err;
		if (err || s->running < limit)
			break;
		zag_api_wait(s->owner);
	}
	if (!err)
		s->running++;
	pthread_mutex_unlock(&zag_api_lock);
	return err;
}

/* pthread_create may wait, so the lock is not held; only we, afterwards, ask
 * for the thread. */
static int start(struct zag_scope *s, struct zag_task *k)
{
	int err;

	pthread_mutex_lock(&zag_api_lock);
	LIST_INSERT_HEAD(&s->tasks, k, link);
	pthread_mutex_unlock(&zag_api_lock);
	err = zag_api_create(&k->thread, NULL, run, k);
	if (!err)
		return 0;
	pthread_mutex_lock(&zag_api_lock);
	LIST_REMOVE(k, link);
	s->running--;
	pthread_mutex_unlock(&zag_api_lock);
	free(k);
	return err;
}

int zag_scope_spawn(struct zag_scope *s, int (*fn)(void *arg), void *arg)
{
	struct zag_task *k = calloc(1, sizeof(*k));
	int err, state;

	if (!k)
		return ENOMEM;
	k->scope = s;
	k->fn = fn;
	k->arg = arg;
	k->deadline = zag_api_deadline(s->owner);
	err = enter(s);
	if (err) {
		free(k);
		return err;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	err = start(s, k);
	pthread_setcancelstate(state, NULL);
	return err;
}

void zag_scope_cancel(struct zag_scope *s, int err)
{
	pthread_mutex_lock(&zag_api_lock);
	fail(s, err, NULL);
	pthread_mutex_unlock(&zag_api_lock);
}

/* Its owner is in it no longer; it may not be the innermost. */
static void leave(struct zag_scope *s)
{
	struct zag_scope **link = &s->owner->scope;

	while (*link && *link != s)
		link = &(*link)->outer;
	if (*link)
		*link = s->outer;
}

int zag_scope_join(struct zag_scope *s, void **who)
{
	int err;

	pthread_mutex_lock(&zag_api_lock);
	for (;;) {
		note_owner(s);
		reap(s);
		if (!s->running && LIST_EMPTY(&s->adopted))
			break;
		zag_api_wait(s->owner);
	}
	leave(s);
	pthread_mutex_unlock(&zag_api_lock);
	err = s->err;
	if (who)
		*who = s->who;
	free(s);
	return err;
}

void zag_scope_abandon(struct zag_thread *t, const struct zag_scope *outer)
{
	while (t && t->scope != outer) {
		zag_scope_cancel(t->scope, ECANCELED);
		zag_scope_join(t->scope, NULL);
	}
}
