/* SPDX-License-Identifier: BSD-2-Clause */
/* A process-shared mutex works between the threads of one process too. */
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

int main(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	check_shared(&a);
	CHECK_OK(pthread_mutexattr_destroy(&a));
	puts("10000 counted");
	return 0;
}
