/* SPDX-License-Identifier: BSD-2-Clause */
/* Cost of sched_yield among 2 and among 100 threads. */

#include <sched.h>

#include "bench.h"

#define MOST 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t start = PTHREAD_COND_INITIALIZER;
static int missing;		/* threads that are not at the start yet */
static long each;

/* Nobody starts before all are there. */
static void line_up(void)
{
	pthread_mutex_lock(&lock);
	if (--missing == 0)
		pthread_cond_broadcast(&start);
	while (missing > 0)
		pthread_cond_wait(&start, &lock);
	pthread_mutex_unlock(&lock);
}

static void *body(void *arg)
{
	long *done = arg;

	line_up();
	for (long i = 0; i < each; i++) {
		sched_yield();
		++*done;
	}
	return NULL;
}

static void among(long n, int threads)
{
	pthread_t t[MOST];
	long done[MOST] = { 0 };

	each = n / threads + 1;
	missing = threads;
	for (int i = 0; i < threads; i++)
		bench_ok("pthread_create",
			 pthread_create(&t[i], NULL, body, &done[i]));
	for (int i = 0; i < threads; i++) {
		bench_ok("pthread_join", pthread_join(t[i], NULL));
		if (done[i] != each)
			bench_die("yields were lost", EINVAL);
	}
}

static void among_2(long n)
{
	among(n, 2);
}

static void among_100(long n)
{
	among(n, 100);
}

int main(int argc, char **argv)
{
	bench_args(argc, argv);
	bench_loop("yield_2", among_2);
	bench_loop("yield_100", among_100);
	return 0;
}
