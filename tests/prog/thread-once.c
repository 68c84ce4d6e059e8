/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_once: one call, and nobody returns before it is over. */
#include "check.h"

#define CONTENDERS 100
#define ROUNDS 20

static pthread_once_t once[ROUNDS];
static int calls, finished;
static pthread_barrier_t start_line;

static pthread_once_t inner = PTHREAD_ONCE_INIT;
static int inner_calls;

static void inner_init(void)
{
	inner_calls++;
}

/* The routine blocks, yields, and calls pthread_once itself. */
static void init(void)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
	sched_yield();
	usleep(2000);
	CHECK_OK(pthread_once(&inner, inner_init));
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

/* POSIX: "On return from pthread_once(), init_routine shall have completed". */
static void *start(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&start_line);
		CHECK_OK(pthread_once(&once[i], init));
		CHECK(__atomic_load_n(&finished, __ATOMIC_SEQ_CST) >= i + 1);
		CHECK_OK(pthread_once(&once[i], init));
	}
	return arg;
}

int main(void)
{
	pthread_t t[CONTENDERS];

	for (int i = 0; i < ROUNDS; i++)
		once[i] = (pthread_once_t)PTHREAD_ONCE_INIT;
	CHECK_OK(pthread_barrier_init(&start_line, NULL, CONTENDERS));
	for (int i = 0; i < CONTENDERS; i++)
		t[i] = check_spawn(start, NULL);
	for (int i = 0; i < CONTENDERS; i++)
		check_join(t[i]);
	CHECK_EQ(calls, ROUNDS);
	CHECK_EQ(finished, ROUNDS);
	CHECK_EQ(inner_calls, 1);
	CHECK_OK(pthread_barrier_destroy(&start_line));
	printf("%d routines, %d calls\n", ROUNDS, calls);
	return 0;
}
