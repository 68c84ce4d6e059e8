/* SPDX-License-Identifier: BSD-2-Clause */
/* Cost of creating and joining a thread, alone and in batches of 100. */

#include "bench.h"

#define BATCH 100

static void *body(void *arg)
{
	return arg;
}

static void spawn(pthread_t *t, long value)
{
	bench_ok("pthread_create", pthread_create(t, NULL, body,
						  (void *)value));
}

static void reap(pthread_t t, long value)
{
	void *got;

	bench_ok("pthread_join", pthread_join(t, &got));
	if (got != (void *)value)
		bench_die("wrong value joined", EINVAL);
}

static void alone(long n)
{
	pthread_t t;

	for (long i = 0; i < n; i++) {
		spawn(&t, i);
		reap(t, i);
	}
}

static void batches(long n)
{
	pthread_t t[BATCH];

	for (long done = 0; done < n; done += BATCH) {
		for (long i = 0; i < BATCH; i++)
			spawn(&t[i], done + i);
		for (long i = 0; i < BATCH; i++)
			reap(t[i], done + i);
	}
}

int main(int argc, char **argv)
{
	bench_args(argc, argv);
	alone(1000);
	bench_loop("create_join", alone);
	batches(1000);
	bench_loop("create_join_100", batches);
	return 0;
}
