/* SPDX-License-Identifier: BSD-2-Clause */
/* libzag: a thread's cancellation and deadlines, as a fiber or without. */
#include "zag.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/thread.h"
#include "base/atomic.h"
#include "base/compiler.h"

pthread_mutex_t zag_api_lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static const struct zag_hooks *hooks;
static __typeof__(pthread_create) *create, *next_create;
static LIST_HEAD(, zag_thread) all;

/* --- who is who ---------------------------------------------------------- */

static void init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static void dispose(struct zag_thread *t)
{
	pthread_cond_destroy(&t->ready);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->changed);
	free(t);
}

static void forget(void *thread)
{
	struct zag_thread *t = thread;

	zag_scope_abandon(t, NULL);
	pthread_mutex_lock(&zag_api_lock);
	LIST_REMOVE(t, link);
	pthread_mutex_unlock(&zag_api_lock);
	dispose(t);
}

static void init(void)
{
	hooks = dlsym(RTLD_DEFAULT, "zag_hooks");
	if (hooks && hooks->version != ZAG_HOOKS_VERSION)
		hooks = NULL;
	/* The shim's comes before ours, libc's after it. */
	next_create = dlsym(RTLD_NEXT, "pthread_create");
	create = next_create;
	if (hooks) {
		create = dlsym(RTLD_DEFAULT, "pthread_create");
		hooks->set_adopter(zag_api_adopt);
	}
	if (!next_create || pthread_key_create(&key, forget))
		abort();
}

const struct zag_hooks *zag_api_hooks(void)
{
	pthread_once(&once, init);
	return hooks && hooks->fiber_id() ? hooks : NULL;
}

static struct zag_thread *make(void)
{
	struct zag_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = pthread_self();
	t->deadline = ZAG_API_NEVER;
	t->random = (uint32_t)((uintptr_t)t >> 4) | 1;
	init_cond(&t->changed);
	init_cond(&t->ready);
	pthread_mutex_init(&t->lock, NULL);
	if (pthread_setspecific(key, t)) {
		dispose(t);
		return NULL;
	}
	pthread_mutex_lock(&zag_api_lock);
	LIST_INSERT_HEAD(&all, t, link);
	pthread_mutex_unlock(&zag_api_lock);
	return t;
}

struct zag_thread *zag_api_self(void)
{
	struct zag_thread *t;

	pthread_once(&once, init);
	t = pthread_getspecific(key);
	return t ? t : make();
}

struct zag_thread *zag_api_known(void)
{
	pthread_once(&once, init);
	return pthread_getspecific(key);
}

/*
 * For programs without the shim, whose own one asks us; that calls this one as
 * libc's, and not only where a thread may wait: nothing is looked up then, the
 * first call is made by the program.
 */
ZAG_EXPORT int pthread_create(pthread_t *t, const pthread_attr_t *attr,
			      void *(*start)(void *), void *arg)
{
	int err = -1;

	if (!next_create)
		pthread_once(&once, init);
	if (!hooks)
		err = zag_api_adopt(t, attr, start, arg);
	return err < 0 ? next_create(t, attr, start, arg) : err;
}

int zag_api_create(pthread_t *t, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	struct zag_thread *self = zag_api_known();
	int err;

	self->creates = true;
	err = create(t, attr, start, arg);
	self->creates = false;
	return err;
}

int zag_active(void)
{
	return zag_api_hooks() != NULL;
}

uint64_t zag_fiber_id(void)
{
	const struct zag_hooks *h = zag_api_hooks();

	return h ? h->fiber_id() : 0;
}

char *zag_fiber_name(char *buf, size_t size)
{
	char name[16] = "";

	pthread_getname_np(pthread_self(), name, sizeof(name));
	if (size) {
		strncpy(buf, name, size - 1);
		buf[size - 1] = '\0';
	}
	return buf;
}

/* --- cancellation -------------------------------------------------------- */

int64_t zag_api_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

int zag_api_check(struct zag_thread *t)
{
	const struct zag_hooks *h = zag_api_hooks();
	int err;

	if (h)
		return h->check();
	if (t->shields)
		return 0;
	err = zag_load_rlx(&t->err);
	if (err || t->deadline == ZAG_API_NEVER)
		return err;
	return zag_api_now() >= t->deadline ? ETIMEDOUT : 0;
}

int zag_check_cancel(void)
{
	const struct zag_hooks *h = zag_api_hooks();
	struct zag_thread *t;

	if (h)
		return h->check();
	t = zag_api_self();
	return t ? zag_api_check(t) : 0;
}

void zag_shield_enter(void)
{
	const struct zag_hooks *h = zag_api_hooks();
	struct zag_thread *t = zag_api_self();

	if (t && !t->shields++ && h)
		h->shield(1);
}

void zag_shield_leave(void)
{
	const struct zag_hooks *h = zag_api_hooks();
	struct zag_thread *t = zag_api_self();

	if (t && t->shields && !--t->shields && h)
		h->shield(0);
}

/* Also a fiber: it may wait here, where nothing else wakes it.  The lock is
 * held. */
static void tell(struct zag_thread *t, int err)
{
	zag_store_rlx(&t->err, err);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_lock(&t->lock);
	pthread_cond_broadcast(&t->ready);
	pthread_mutex_unlock(&t->lock);
}

void zag_api_cancel(struct zag_thread *t, int err)
{
	if (hooks)
		hooks->cancel(t->id, err);
	tell(t, err);
}

int zag_cancel(pthread_t thread, int err)
{
	struct zag_thread *t;
	int r = -1;

	pthread_once(&once, init);
	if (err <= 0)
		return EINVAL;
	if (hooks)
		r = hooks->cancel(thread, err);
	if (r > 0)
		return r;
	pthread_mutex_lock(&zag_api_lock);
	LIST_FOREACH(t, &all, link)
		if (pthread_equal(t->id, thread))
			break;
	if (t)
		tell(t, err);
	pthread_mutex_unlock(&zag_api_lock);
	return t || !r ? 0 : ESRCH;
}

/* --- deadlines ----------------------------------------------------------- */

static int64_t set_deadline(int64_t at)
{
	const struct zag_hooks *h = zag_api_hooks();
	struct zag_thread *t = zag_api_self();
	int64_t was = t ? t->deadline : ZAG_API_NEVER;

	if (h)
		was = h->deadline(at);
	if (t)
		t->deadline = at;
	return was;
}

void zag_deadline_push(struct zag_limit *limit, const struct timespec *in)
{
	int64_t now = zag_api_now(), ns, at;

	if (__builtin_mul_overflow(in->tv_sec, INT64_C(1000000000), &ns) ||
	    __builtin_add_overflow(ns, in->tv_nsec, &ns) ||
	    __builtin_add_overflow(now, ns, &at))
		at = ZAG_API_NEVER;
	limit->outer_ = set_deadline(at);
	if (limit->outer_ < at)
		set_deadline(limit->outer_);
}

void zag_deadline_pop(const struct zag_limit *limit)
{
	set_deadline(limit->outer_);
}

int64_t zag_api_deadline(struct zag_thread *t)
{
	return t->deadline;
}

/* --- waiting ------------------------------------------------------------- */

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at)
{
	struct timespec abs = { at / 1000000000, at % 1000000000 };

	if (at == ZAG_API_NEVER)
		pthread_cond_wait(cond, lock);
	else
		pthread_cond_timedwait(cond, lock, &abs);
}

void zag_api_wait_ready(struct zag_thread *t, int64_t until)
{
	wait_until(&t->ready, &t->lock,
		   t->shields ? until : zag_min(until, t->deadline));
}

void zag_api_wait(struct zag_thread *t)
{
	bool timed = !t->shields && zag_api_now() < t->deadline;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	wait_until(&t->changed, &zag_api_lock,
		   timed ? t->deadline : ZAG_API_NEVER);
	pthread_setcancelstate(state, NULL);
}

long zag_blocking_call(long (*fn)(void *arg), void *arg)
{
	const struct zag_hooks *h = zag_api_hooks();

	if (h)
		h->will_block();
	return fn(arg);
}
