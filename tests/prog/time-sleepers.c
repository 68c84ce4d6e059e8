/* SPDX-License-Identifier: BSD-2-Clause */
/* 10,000 threads sleep at once, and all of them are back soon after. */
#include "check.h"

#define THREADS 10000

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static long long latest;

static void *sleeps(void *arg)
{
	long ms = 300 + (long)arg % 100;
	long long end = check_now(CLOCK_MONOTONIC) + ms * CHECK_MS, late;

	CHECK_EQ(usleep((unsigned)ms * 1000), 0);
	late = check_now(CLOCK_MONOTONIC) - end;
	CHECK(late >= 0);
	CHECK_OK(pthread_mutex_lock(&m));
	if (late > latest)
		latest = late;
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

int main(void)
{
	static pthread_t t[THREADS];
	pthread_attr_t a;
	int n = 0;

	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, check_stack_size(64 * 1024)));
	/* Where so many are not allowed, as many as there can be. */
	while (n < THREADS &&
	       pthread_create(&t[n], &a, sleeps, (void *)(long)n) == 0)
		n++;
	CHECK_OK(pthread_attr_destroy(&a));
	CHECK(n >= 1000);
	for (int i = 0; i < n; i++)
		check_join(t[i]);
	if (latest > 5000 * CHECK_MS)
		check_fail("one woke %lld ms late", latest / CHECK_MS);
	puts("all back");
	return 0;
}
