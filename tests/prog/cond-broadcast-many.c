/* SPDX-License-Identifier: BSD-2-Clause */
/* 1,000 threads wait; every broadcast lets each of them go once. */
#include "check.h"

#define WAITERS 1000
#define ROUNDS 5

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static int round_now, waiting, woken;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	for (int round = 0; round < ROUNDS; round++) {
		if (++waiting == WAITERS)
			CHECK_OK(pthread_cond_signal(&arrived));
		while (round_now == round)
			CHECK_OK(pthread_cond_wait(&go, &m));
		CHECK_EQ(round_now, round + 1);
		woken++;
	}
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

int main(void)
{
	static pthread_t t[WAITERS];
	pthread_attr_t a;

	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, check_stack_size(64 * 1024)));
	for (int i = 0; i < WAITERS; i++)
		CHECK_OK(pthread_create(&t[i], &a, waits, NULL));
	CHECK_OK(pthread_attr_destroy(&a));
	for (int round = 0; round < ROUNDS; round++) {
		CHECK_OK(pthread_mutex_lock(&m));
		while (waiting < WAITERS)
			CHECK_OK(pthread_cond_wait(&arrived, &m));
		CHECK_EQ(woken, round * WAITERS);
		waiting = 0;
		round_now++;
		CHECK_OK(pthread_cond_broadcast(&go));
		CHECK_OK(pthread_mutex_unlock(&m));
	}
	for (int i = 0; i < WAITERS; i++)
		check_join(t[i]);
	printf("%d wake-ups\n", woken);
	return 0;
}
