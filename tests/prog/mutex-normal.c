/* SPDX-License-Identifier: BSD-2-Clause */
/* A normal mutex: exclusion, EBUSY from trylock, lock held over a sleep. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static int order[8], at;

static void *tries(void *arg)
{
	CHECK_RC(pthread_mutex_trylock(&m), EBUSY);
	return arg;
}

static void *takes(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	order[at++] = (int)(long)arg;
	check_msleep(20);
	order[at++] = (int)(long)arg;
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

/* POSIX: relocking a normal mutex shall deadlock; trylock shall not. */
static void *tries_own(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_RC(pthread_mutex_trylock(&m), EBUSY);
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_t t[4];
	int v;

	check_join(check_spawn(tries_own, NULL));
	CHECK_OK(pthread_mutex_trylock(&m));
	check_join(check_spawn(tries, NULL));
	for (long i = 0; i < 4; i++)
		t[i] = check_spawn(takes, (void *)i);
	check_msleep(20);
	CHECK_EQ(at, 0);
	CHECK_OK(pthread_mutex_unlock(&m));
	for (int i = 0; i < 4; i++)
		check_join(t[i]);
	for (int i = 0; i < 8; i += 2)
		CHECK_EQ(order[i], order[i + 1]);
	CHECK_OK(pthread_mutex_destroy(&m));

	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_gettype(&a, &v));
	CHECK_EQ(v, PTHREAD_MUTEX_DEFAULT);
	CHECK_RC(pthread_mutexattr_settype(&a, 17), EINVAL);
	CHECK_OK(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_NORMAL));
	CHECK_OK(pthread_mutex_init(&m, &a));
	CHECK_OK(pthread_mutexattr_destroy(&a));
	check_join(check_spawn(tries_own, NULL));
	CHECK_OK(pthread_mutex_destroy(&m));
	puts("one at a time");
	return 0;
}
