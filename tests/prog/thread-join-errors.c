/* SPDX-License-Identifier: BSD-2-Clause */
/* What pthread_join and pthread_detach say of threads not joinable. */
#include "check.h"

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&hold));
	CHECK_OK(pthread_mutex_unlock(&hold));
	return arg;
}

/*
 * A second joiner, and two threads that join each other, are not tried: glibc
 * 2.36 does not notice either, and they wait for ever.
 */
static void *joins_self(void *arg)
{
	CHECK_RC(pthread_join(pthread_self(), NULL), EDEADLK);
	return arg;
}

int main(void)
{
	pthread_t t;

	/*
	 * POSIX pthread_join(): "The behavior is undefined if the value
	 * specified by the thread argument does not refer to a joinable
	 * thread"; it recommends EINVAL, and glibc documents EINVAL.
	 */
	CHECK_OK(pthread_mutex_lock(&hold));
	t = check_spawn(waits, NULL);
	CHECK_OK(pthread_detach(t));
	CHECK_RC(pthread_join(t, NULL), EINVAL);
	/* "Still running" comes before "not joinable". */
	CHECK_RC(pthread_tryjoin_np(t, NULL), EBUSY);
	CHECK_RC(pthread_detach(t), EINVAL);
	CHECK_OK(pthread_mutex_unlock(&hold));

	check_join(check_spawn(joins_self, NULL));
	CHECK_RC(pthread_join(pthread_self(), NULL), EDEADLK);
	puts("join errors seen");
	return 0;
}
