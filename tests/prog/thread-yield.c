/* SPDX-License-Identifier: BSD-2-Clause */
/* sched_yield and pthread_yield let others run, even by turns. */
#include "check.h"

#define THREADS 8
#define ROUNDS 2000

static int turn;
static int started;

/* POSIX sched_yield(): "force the running thread to relinquish the processor
 * until it again becomes the head of its thread list". */
static void *start(void *arg)
{
	long me = (long)arg;

	__atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&started, __ATOMIC_SEQ_CST) < THREADS)
		CHECK_EQ(sched_yield(), 0);
	for (int i = 0; i < ROUNDS; i++) {
		while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) % THREADS !=
		       me)
			CHECK_EQ(sched_yield(), 0);
		__atomic_fetch_add(&turn, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(turn, THREADS * ROUNDS);
	CHECK_EQ(sched_yield(), 0);
	printf("%d turns\n", turn);
	return 0;
}
