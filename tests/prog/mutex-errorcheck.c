/* SPDX-License-Identifier: BSD-2-Clause */
/* An error-checking mutex: EDEADLK for its owner, EPERM for others. */
#include "check.h"

static pthread_mutex_t m;
static pthread_mutex_t from_static = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

static void *not_owner(void *arg)
{
	CHECK_RC(pthread_mutex_unlock(arg), EPERM);
	CHECK_RC(pthread_mutex_trylock(arg), EBUSY);
	return NULL;
}

static void *owner_for_a_while(void *arg)
{
	CHECK_OK(pthread_mutex_lock(arg));
	usleep(100);
	CHECK_RC(pthread_mutex_lock(arg), EDEADLK);
	sched_yield();
	CHECK_OK(pthread_mutex_unlock(arg));
	return NULL;
}

static void check_one(pthread_mutex_t *e)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 1000);
	pthread_t t[20];

	CHECK_RC(pthread_mutex_unlock(e), EPERM);
	CHECK_OK(pthread_mutex_lock(e));
	CHECK_RC(pthread_mutex_lock(e), EDEADLK);
	CHECK_RC(pthread_mutex_timedlock(e, &ts), EDEADLK);
	CHECK_RC(pthread_mutex_trylock(e), EBUSY);
	check_join(check_spawn(not_owner, e));
	CHECK_OK(pthread_mutex_unlock(e));
	CHECK_RC(pthread_mutex_unlock(e), EPERM);
	for (int i = 0; i < 20; i++)
		t[i] = check_spawn(owner_for_a_while, e);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
}

int main(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK));
	CHECK_OK(pthread_mutex_init(&m, &a));
	CHECK_OK(pthread_mutexattr_destroy(&a));
	check_one(&m);
	CHECK_OK(pthread_mutex_destroy(&m));
	check_one(&from_static);
	CHECK_OK(pthread_mutex_destroy(&from_static));
	puts("errors reported");
	return 0;
}
