/* SPDX-License-Identifier: BSD-2-Clause */
/* A mutex with priority inheritance locks as any other. */
#include "check.h"

static pthread_mutex_t shared;

static void *locks_shared(void *arg)
{
	int *counter = arg;

	for (int i = 0; i < 1000; i++) {
		CHECK_OK(pthread_mutex_lock(&shared));
		++*counter;
		CHECK_OK(pthread_mutex_unlock(&shared));
	}
	return NULL;
}

static void check_inherit(pthread_mutexattr_t *a)
{
	pthread_t t[10];
	int v, counter = 0;

	CHECK_OK(pthread_mutexattr_getprotocol(a, &v));
	CHECK_EQ(v, PTHREAD_PRIO_NONE);
	CHECK_OK(pthread_mutexattr_setprotocol(a, PTHREAD_PRIO_INHERIT));
	CHECK_OK(pthread_mutexattr_getprotocol(a, &v));
	CHECK_EQ(v, PTHREAD_PRIO_INHERIT);
	CHECK_OK(pthread_mutex_init(&shared, a));
	CHECK_OK(pthread_mutex_lock(&shared));
	CHECK_RC(pthread_mutex_trylock(&shared), EBUSY);
	CHECK_OK(pthread_mutex_unlock(&shared));
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(locks_shared, &counter);
	for (int i = 0; i < 10; i++)
		check_join(t[i]);
	CHECK_EQ(counter, 10000);
	CHECK_OK(pthread_mutex_destroy(&shared));
}

int main(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	check_inherit(&a);
	CHECK_OK(pthread_mutexattr_destroy(&a));
	puts("10000 counted");
	return 0;
}
