/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C11 threads.  In glibc thrd_t, mtx_t, cnd_t and once_flag are pthread's own
 * types, initialised the same way; only the calls return something else.
 */
#include "config.h"

#include "wrap/real.h"

#include <threads.h>

static int to_thrd(int err)
{
	switch (err) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	default:
		return thrd_error;
	}
}

/* The lower half of what it returns is the int; the rest is never looked at. */
typedef void *(*start_routine)(void *);

ZAG_EXPORT int thrd_create(thrd_t *t, thrd_start_t start, void *arg)
{
	void *routine = (void *)start;

	return to_thrd(pthread_create(t, NULL, (start_routine)routine, arg));
}

ZAG_EXPORT int thrd_join(thrd_t t, int *result)
{
	void *value;
	int err = pthread_join(t, &value);

	if (!err && result)
		*result = (int)(uintptr_t)value;
	return to_thrd(err);
}

ZAG_EXPORT int thrd_detach(thrd_t t)
{
	return to_thrd(pthread_detach(t));
}

ZAG_EXPORT void thrd_exit(int result)
{
	pthread_exit((void *)(uintptr_t)result);
}

static inline pthread_mutex_t *mutex_of(mtx_t *m)
{
	return (pthread_mutex_t *)m;
}

static inline pthread_cond_t *cond_of(cnd_t *c)
{
	return (pthread_cond_t *)c;
}

ZAG_EXPORT int mtx_lock(mtx_t *m)
{
	return to_thrd(pthread_mutex_lock(mutex_of(m)));
}

ZAG_EXPORT int mtx_timedlock(mtx_t *restrict m,
			     const struct timespec *restrict abs)
{
	return to_thrd(pthread_mutex_timedlock(mutex_of(m), abs));
}

ZAG_EXPORT int mtx_trylock(mtx_t *m)
{
	return to_thrd(pthread_mutex_trylock(mutex_of(m)));
}

ZAG_EXPORT int mtx_unlock(mtx_t *m)
{
	return to_thrd(pthread_mutex_unlock(mutex_of(m)));
}

ZAG_EXPORT int cnd_wait(cnd_t *c, mtx_t *m)
{
	return to_thrd(pthread_cond_wait(cond_of(c), mutex_of(m)));
}

ZAG_EXPORT int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m,
			     const struct timespec *restrict abs)
{
	return to_thrd(pthread_cond_timedwait(cond_of(c), mutex_of(m), abs));
}

ZAG_EXPORT int cnd_signal(cnd_t *c)
{
	return to_thrd(pthread_cond_signal(cond_of(c)));
}

ZAG_EXPORT int cnd_broadcast(cnd_t *c)
{
	return to_thrd(pthread_cond_broadcast(cond_of(c)));
}

ZAG_EXPORT void call_once(once_flag *once, void (*init)(void))
{
	pthread_once((pthread_once_t *)once, init);
}
