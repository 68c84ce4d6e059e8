/* SPDX-License-Identifier: BSD-2-Clause */
/* A robust mutex tells its next owner that the last one died with it. */
#include "check.h"

static pthread_mutex_t robust;

static void *dies_with_it(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&robust));
	return arg;
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

int main(void)
{
	pthread_mutexattr_t a;

	CHECK_OK(pthread_mutexattr_init(&a));
	check_robust(&a);
	CHECK_OK(pthread_mutexattr_destroy(&a));
	puts("death of the owner told");
	return 0;
}
