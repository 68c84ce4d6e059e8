/* SPDX-License-Identifier: BSD-2-Clause */
/* 50 threads in sem_wait, posted by turns, do not delay the ticks. */
#include "liveness.h"

#include <semaphore.h>

#define WAITERS 50

static sem_t sem[WAITERS];

/* A ring: each posts the next one, until it is all over. */
static void *waits(void *arg)
{
	long me = (long)arg;

	do {
		while (sem_wait(&sem[me]) != 0)
			CHECK_EQ(errno, EINTR);
		usleep(100);
		CHECK_EQ(sem_post(&sem[(me + 1) % WAITERS]), 0);
	} while (!__atomic_load_n(&live_stop, __ATOMIC_ACQUIRE));
	return NULL;
}

int main(void)
{
	pthread_t t[WAITERS];

	for (int i = 0; i < WAITERS; i++)
		CHECK_EQ(sem_init(&sem[i], 0, 0), 0);
	for (long i = 0; i < WAITERS; i++)
		t[i] = check_spawn(waits, (void *)i);
	CHECK_EQ(sem_post(&sem[0]), 0);
	live_run();
	for (int i = 0; i < WAITERS; i++)
		check_join(t[i]);
	puts("every tick in time");
	return 0;
}
