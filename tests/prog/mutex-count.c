/* SPDX-License-Identifier: BSD-2-Clause */
/* 50 threads add under one mutex of each kind: the sum is exact. */
#include "check.h"

#define THREADS 50
#define ROUNDS 2000

static pthread_mutex_t kinds[] = {
	PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
	PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
	PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
};
static long counter;

/* Plain memory: a lost update shows, whatever made it. */
static void *adds(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		long seen;

		if (i % 50 == 7) {
			/* Through the trylock door as well. */
			while (pthread_mutex_trylock(arg) != 0)
				sched_yield();
		} else {
			CHECK_OK(pthread_mutex_lock(arg));
		}
		seen = counter;
		if (i % 500 == 0)
			sched_yield();
		counter = seen + 1;
		CHECK_OK(pthread_mutex_unlock(arg));
	}
	return NULL;
}

static void run(pthread_mutex_t *m)
{
	pthread_t t[THREADS];

	counter = 0;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(adds, m);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(counter, THREADS * ROUNDS);
	CHECK_OK(pthread_mutex_trylock(m));
	CHECK_OK(pthread_mutex_unlock(m));
	CHECK_OK(pthread_mutex_destroy(m));
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;

	for (int i = 0; i < 4; i++)
		run(&kinds[i]);
	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ADAPTIVE_NP));
	CHECK_OK(pthread_mutex_init(&m, &a));
	CHECK_OK(pthread_mutexattr_destroy(&a));
	run(&m);
	printf("%d each\n", THREADS * ROUNDS);
	return 0;
}
