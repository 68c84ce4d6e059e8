/* SPDX-License-Identifier: BSD-2-Clause */
/* N threads that each sleep one second, all at once; N is an argument. */
#include "check.h"

static void *sleeps(void *arg)
{
	long long start = check_now(CLOCK_MONOTONIC);

	/* "The suspension time shall not be less than the time requested." */
	CHECK_EQ(sleep(1), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 1000 * CHECK_MS);
	return arg;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000;
	pthread_t *t = calloc((size_t)count, sizeof *t);
	pthread_attr_t a;

	CHECK(t != NULL);
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, check_stack_size(64 * 1024)));
	for (long i = 0; i < count; i++)
		CHECK_OK(pthread_create(&t[i], &a, sleeps, (void *)i));
	CHECK_OK(pthread_attr_destroy(&a));
	for (long i = 0; i < count; i++)
		CHECK_EQ((long)check_join(t[i]), i);
	free(t);
	printf("%ld slept\n", count);
	return 0;
}
