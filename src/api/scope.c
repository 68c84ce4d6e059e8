/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: scopes, which no thread that was spawned in them outlives. */
#include "zag.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "api/thread.h"

struct task {
	struct task *next;
	struct zag_scope *scope;
	int (*fn)(void *arg);
	void *arg;
	int64_t deadline;
	pthread_t thread;
	bool started, ended; /* thread is known; fn has returned */
};

/* zag_api_lock protects all of it. */
struct zag_scope {
	struct zag_thread *owner;
	unsigned int limit, running;
	struct task *tasks; /* not yet joined */
	int err;	    /* the first */
	void *who;
	bool cancelled; /* all its tasks have been told */
};

struct zag_scope *zag_scope_open(unsigned int limit)
{
	struct zag_thread *self = zag_api_self();
	struct zag_scope *s = self ? calloc(1, sizeof(*s)) : NULL;

	if (s) {
		s->owner = self;
		s->limit = limit;
	}
	return s;
}

/* The first error is the scope's.  The lock is held. */
static void fail(struct zag_scope *s, int err, void *who)
{
	if (s->err)
		return;
	s->err = err;
	s->who = who;
	pthread_cond_signal(&s->owner->changed);
}

/* What its tasks are cancelled with. */
static int reason(const struct zag_scope *s)
{
	return s->err == ETIMEDOUT ? ETIMEDOUT : ECANCELED;
}

/*
 * Tell those that have not ended that they are to: their threads are there
 * until we join them.  The owner's; the lock is held, and given up meanwhile,
 * but nobody else changes the list.
 */
static void cancel_tasks(struct zag_scope *s)
{
	if (!s->err || s->cancelled)
		return;
	s->cancelled = true;
	for (struct task *k = s->tasks; k; k = k->next) {
		if (k->ended)
			continue;
		pthread_mutex_unlock(&zag_api_lock);
		zag_cancel(k->thread, reason(s));
		pthread_mutex_lock(&zag_api_lock);
	}
}

/* Under the lock: who cancels the owner afterwards wakes its wait. */
static void note_owner(struct zag_scope *s)
{
	int err = zag_api_check(s->owner);

	if (err)
		fail(s, err, NULL);
}

static void *run(void *arg)
{
	struct task *k = arg;
	struct zag_thread *self = zag_api_self();
	int err;

	if (self) {
		pthread_mutex_lock(&zag_api_lock);
		self->deadline = k->deadline; /* a fiber has it already */
		if (k->scope->cancelled && !self->err)
			self->err = reason(k->scope); /* we were not known */
		pthread_mutex_unlock(&zag_api_lock);
	}
	err = self ? k->fn(k->arg) : ENOMEM;
	pthread_mutex_lock(&zag_api_lock);
	k->ended = true;
	k->scope->running--;
	if (err)
		fail(k->scope, err, k->arg);
	pthread_cond_signal(&k->scope->owner->changed);
	pthread_mutex_unlock(&zag_api_lock);
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
	struct task **link = &s->tasks, *k;

	while ((k = *link)) {
		if (!k->ended || !k->started) {
			link = &k->next;
			continue;
		}
		*link = k->next;
		pthread_mutex_unlock(&zag_api_lock);
		join(k->thread);
		free(k);
		pthread_mutex_lock(&zag_api_lock);
	}
}

/* Wait until fewer than n run. */
static void wait_fewer(struct zag_scope *s, unsigned int n)
{
	for (;;) {
		note_owner(s);
		cancel_tasks(s);
		reap(s);
		if (s->running < n)
			return;
		if (!s->cancelled && s->err)
			continue;
		zag_api_wait(s->owner);
	}
}

/* pthread_create may wait, so the lock is not held. */
static int start(struct zag_scope *s, struct task *k)
{
	int err = pthread_create(&k->thread, NULL, run, k);

	pthread_mutex_lock(&zag_api_lock);
	if (err) {
		s->running--;
	} else {
		k->started = true;
		k->next = s->tasks;
		s->tasks = k;
	}
	pthread_mutex_unlock(&zag_api_lock);
	if (err)
		free(k);
	return err;
}

/* Room for one more; or the error of the scope. */
static int enter(struct zag_scope *s)
{
	int err;

	pthread_mutex_lock(&zag_api_lock);
	wait_fewer(s, s->limit ? s->limit : UINT32_MAX);
	err = s->err;
	if (!err)
		s->running++;
	pthread_mutex_unlock(&zag_api_lock);
	return err;
}

int zag_scope_spawn(struct zag_scope *s, int (*fn)(void *arg), void *arg)
{
	struct task *k = malloc(sizeof(*k));
	int err, state;

	if (!k)
		return ENOMEM;
	*k = (struct task){ .scope = s, .fn = fn, .arg = arg };
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

int zag_scope_join(struct zag_scope *s, void **who)
{
	int err;

	pthread_mutex_lock(&zag_api_lock);
	wait_fewer(s, 1);
	pthread_mutex_unlock(&zag_api_lock);
	err = s->err;
	if (who)
		*who = s->who;
	free(s);
	return err;
}
