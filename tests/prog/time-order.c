/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that sleep for different times wake in the order of those. */
#include "check.h"

#define THREADS 10
#define STEP_MS 60

static int order[THREADS], at;
static struct timespec start;

static void *sleeps(void *arg)
{
	long me = (long)arg;
	struct timespec until = start;

	/* 10 sleepers, 60 ms apart; made in another order. */
	until.tv_nsec += me * STEP_MS * CHECK_MS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_OK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
				 NULL));
	order[__atomic_fetch_add(&at, 1, __ATOMIC_SEQ_CST)] = (int)me;
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	start = check_in_ms(CLOCK_MONOTONIC, 200);
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(sleeps, (void *)(i * 7 % THREADS));
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(order[i], i);
	puts("in order");
	return 0;
}
