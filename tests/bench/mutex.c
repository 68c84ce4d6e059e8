/* SPDX-License-Identifier: BSD-2-Clause */
/* Cost of a mutex lock and unlock, uncontended and among many threads. */

#include "bench.h"

#define MOST 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static long counter, each;

/* Kept alive, so that nobody may take the process for single-threaded. */
static void *bystander(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return arg;
}

static void uncontended(long n)
{
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
}

static void *contend(void *arg)
{
	uncontended(each);
	return arg;
}

static void contended(long n, int threads)
{
	pthread_t t[MOST];

	each = n / threads + 1;
	counter = 0;
	for (int i = 0; i < threads; i++)
		bench_ok("pthread_create",
			 pthread_create(&t[i], NULL, contend, NULL));
	for (int i = 0; i < threads; i++)
		bench_ok("pthread_join", pthread_join(t[i], NULL));
	if (counter != each * threads)
		bench_die("the lock did not exclude", EINVAL);
}

static void contended_4(long n)
{
	contended(n, 4);
}

static void contended_16(long n)
{
	contended(n, 16);
}

int main(int argc, char **argv)
{
	pthread_t t;

	bench_args(argc, argv);
	pthread_mutex_lock(&gate);
	bench_ok("pthread_create", pthread_create(&t, NULL, bystander, NULL));
	bench_loop("mutex_uncontended", uncontended);
	bench_loop("mutex_contended_4", contended_4);
	bench_loop("mutex_contended_16", contended_16);
	pthread_mutex_unlock(&gate);
	bench_ok("pthread_join", pthread_join(t, NULL));
	return 0;
}
