/* SPDX-License-Identifier: BSD-2-Clause */
/* Mutex attributes: type, pshared, robust, protocol, kept and working. */
#include "check.h"

static pthread_mutex_t robust, shared;

static void *dies_with_it(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&robust));
	return arg;
}

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

/* POSIX: after the owner's end the next one to lock gets EOWNERDEAD. */
static void check_robust(pthread_mutexattr_t *a)
{
	int v;

	CHECK_OK(pthread_mutexattr_getrobust(a, &v));
	CHECK_EQ(v, PTHREAD_MUTEX_STALLED);
	CHECK_OK(pthread_mutexattr_setrobust(a, PTHREAD_MUTEX_ROBUST));
	CHECK_OK(pthread_mutex_init(&robust, a));
	check_join(check_spawn(dies_with_it, NULL));
	CHECK_RC(pthread_mutex_lock(&robust), EOWNERDEAD);
	CHECK_OK(pthread_mutex_consistent(&robust));
	CHECK_OK(pthread_mutex_unlock(&robust));
	check_join(check_spawn(dies_with_it, NULL));
	CHECK_RC(pthread_mutex_trylock(&robust), EOWNERDEAD);
	/* Unlocked without being made consistent: for ever unusable. */
	CHECK_OK(pthread_mutex_unlock(&robust));
	CHECK_RC(pthread_mutex_lock(&robust), ENOTRECOVERABLE);
	CHECK_OK(pthread_mutex_destroy(&robust));
	CHECK_OK(pthread_mutexattr_setrobust(a, PTHREAD_MUTEX_STALLED));
}

static void check_shared(pthread_mutexattr_t *a)
{
	pthread_t t[10];
	int v, counter = 0;

	CHECK_OK(pthread_mutexattr_getpshared(a, &v));
	CHECK_EQ(v, PTHREAD_PROCESS_PRIVATE);
	CHECK_RC(pthread_mutexattr_setpshared(a, 17), EINVAL);
	CHECK_OK(pthread_mutexattr_setpshared(a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutex_init(&shared, a));
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(locks_shared, &counter);
	for (int i = 0; i < 10; i++)
		check_join(t[i]);
	CHECK_EQ(counter, 10000);
	CHECK_OK(pthread_mutex_destroy(&shared));
	CHECK_OK(pthread_mutexattr_setpshared(a, PTHREAD_PROCESS_PRIVATE));
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
	check_shared(&a);
	check_inherit(&a);
	CHECK_OK(pthread_mutexattr_destroy(&a));
	CHECK_OK(pthread_mutexattr_init(&a));
	check_robust(&a);
	CHECK_OK(pthread_mutexattr_destroy(&a));
	puts("attributes work");
	return 0;
}
