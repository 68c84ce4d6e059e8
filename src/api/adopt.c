/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: threads that a scope has not spawned, but adopts. */
#include <errno.h>
#include <stdlib.h>

#include "api/scope.h"

void zag_scope_adopt(struct zag_scope *s)
{
	pthread_mutex_lock(&zag_api_lock);
	s->adopts = true;
	pthread_mutex_unlock(&zag_api_lock);
}

/* The innermost one that does. */
static struct zag_scope *adopter(const struct zag_thread *t)
{
	struct zag_scope *s;

	for (s = t->scope; s && !s->adopts; s = s->outer)
		;
	return s;
}

static void leave(void *task)
{
	struct zag_task *k = task;

	zag_scope_abandon(k->self, k->scope);
	pthread_mutex_lock(&zag_api_lock);
	if (k->self)
		k->self->scope = NULL;
	LIST_REMOVE(k, link);
	pthread_cond_signal(&k->scope->owner->changed);
	pthread_mutex_unlock(&zag_api_lock);
	free(k);
}

/* Its function may end by pthread_exit, or be unwound. */
static void *run(void *task)
{
	struct zag_task *k = task;
	struct zag_thread *self = zag_api_self();
	void *result;

	pthread_mutex_lock(&zag_api_lock);
	if (self)
		zag_task_begin(k, self);
	pthread_mutex_unlock(&zag_api_lock);
	pthread_cleanup_push(leave, k);
	result = k->start(k->arg);
	pthread_cleanup_pop(1);
	return result;
}

/* In the scope that this thread is to be of, before it can run; the scope
 * does not end before its creator does. */
static struct zag_task *enter(struct zag_thread *self, void *(*start)(void *),
			      void *arg, bool *wanted)
{
	struct zag_task *k = NULL;
	struct zag_scope *s;

	pthread_mutex_lock(&zag_api_lock);
	s = adopter(self);
	*wanted = s != NULL;
	if (s)
		k = calloc(1, sizeof(*k));
	if (k) {
		k->scope = s;
		k->start = start;
		k->arg = arg;
		k->deadline = zag_api_deadline(self);
		LIST_INSERT_HEAD(&s->adopted, k, link);
	}
	pthread_mutex_unlock(&zag_api_lock);
	return k;
}

int zag_api_adopt(pthread_t *t, const pthread_attr_t *attr,
		  void *(*start)(void *), void *arg)
{
	struct zag_thread *self = zag_api_known();
	struct zag_task *k;
	bool wanted;
	int err;

	if (!self || self->creates)
		return -1;
	k = enter(self, start, arg, &wanted);
	if (!k)
		return wanted ? EAGAIN : -1;
	err = zag_api_create(t, attr, run, k);
	if (err)
		leave(k);
	return err;
}
