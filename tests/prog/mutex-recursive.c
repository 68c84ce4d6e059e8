/* SPDX-License-Identifier: BSD-2-Clause */
/* A recursive mutex counts its owner's locks and refuses others'. */
#include "check.h"

static pthread_mutex_t m;
static pthread_mutex_t from_static = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void *tries_busy(void *arg)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 10);

	CHECK_RC(pthread_mutex_trylock(arg), EBUSY);
	CHECK_RC(pthread_mutex_timedlock(arg, &ts), ETIMEDOUT);
	/* POSIX: unlock of one that another thread has locked: EPERM. */
	CHECK_RC(pthread_mutex_unlock(arg), EPERM);
	return NULL;
}

static void *tries_free(void *arg)
{
	CHECK_OK(pthread_mutex_trylock(arg));
	CHECK_OK(pthread_mutex_unlock(arg));
	return NULL;
}

static void *counts(void *arg)
{
	static int depth;

	for (int i = 0; i < 200; i++) {
		CHECK_OK(pthread_mutex_lock(arg));
		CHECK_EQ(depth++, 0);
		CHECK_OK(pthread_mutex_lock(arg));
		CHECK_EQ(depth++, 1);
		if (i % 10 == 0)
			sched_yield();
		CHECK_EQ(depth--, 2);
		CHECK_OK(pthread_mutex_unlock(arg));
		CHECK_EQ(depth--, 1);
		CHECK_OK(pthread_mutex_unlock(arg));
	}
	return NULL;
}

static void check_one(pthread_mutex_t *r)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, -1000);
	pthread_t t[20];

	CHECK_RC(pthread_mutex_unlock(r), EPERM);
	for (int i = 0; i < 100; i++)
		CHECK_OK(pthread_mutex_lock(r));
	CHECK_OK(pthread_mutex_trylock(r));
	/* The owner never waits, so a time in the past does not matter. */
	CHECK_OK(pthread_mutex_timedlock(r, &ts));
	for (int i = 0; i < 102; i++) {
		if (i == 101)
			check_join(check_spawn(tries_busy, r));
		CHECK_OK(pthread_mutex_unlock(r));
	}
	CHECK_RC(pthread_mutex_unlock(r), EPERM);
	check_join(check_spawn(tries_free, r));
	for (int i = 0; i < 20; i++)
		t[i] = check_spawn(counts, r);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
}

int main(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE));
	CHECK_OK(pthread_mutex_init(&m, &a));
	CHECK_OK(pthread_mutexattr_destroy(&a));
	check_one(&m);
	CHECK_OK(pthread_mutex_destroy(&m));
	check_one(&from_static);
	CHECK_OK(pthread_mutex_destroy(&from_static));
	puts("locks counted");
	return 0;
}
