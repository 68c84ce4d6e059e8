/* SPDX-License-Identifier: BSD-2-Clause */
/* A semaphore between the threads of two processes: every token arrives. */
#include "peer.h"

#include <semaphore.h>

#define THREADS 8
#define TURNS 300

struct memory {
	sem_t go[2]; /* for the threads of each process */
	sem_t late;  /* never posted */
	int taken[2];
};

static struct memory *m;
static int me;

static void wait_somehow(sem_t *sem, int i)
{
	struct timespec abs = check_in_ms(i % 2 ? CLOCK_REALTIME :
						  CLOCK_MONOTONIC, 30000);

	switch (i % 3) {
	case 0:
		CHECK_EQ(sem_wait(sem), 0);
		break;
	case 1:
		CHECK_EQ(sem_clockwait(sem, i % 2 ? CLOCK_REALTIME :
						    CLOCK_MONOTONIC, &abs), 0);
		break;
	default:
		while (sem_trywait(sem) != 0)
			sched_yield();
	}
}

static void *takes_and_gives(void *arg)
{
	struct timespec abs;

	for (int i = 0; i < TURNS; i++) {
		wait_somehow(&m->go[me], i);
		__atomic_add_fetch(&m->taken[me], 1, __ATOMIC_RELAXED);
		CHECK_EQ(sem_post(&m->go[!me]), 0);
	}
	abs = check_in_ms(CLOCK_MONOTONIC, 20);
	CHECK_ERRNO(sem_clockwait(&m->late, CLOCK_MONOTONIC, &abs), ETIMEDOUT);
	CHECK(check_now(CLOCK_MONOTONIC) >=
	      abs.tv_sec * 1000000000LL + abs.tv_nsec);
	return arg;
}

static void init(void *memory)
{
	m = memory;
	CHECK_EQ(sem_init(&m->go[0], 1, THREADS / 2), 0);
	CHECK_EQ(sem_init(&m->go[1], 1, THREADS / 2), 0);
	CHECK_EQ(sem_init(&m->late, 1, 0), 0);
}

static void play(void *memory, int who)
{
	pthread_t t[THREADS];

	m = memory;
	me = who;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(takes_and_gives, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
}

static void judge(void *memory)
{
	int left[2];

	m = memory;
	CHECK_EQ(sem_getvalue(&m->go[0], &left[0]), 0);
	CHECK_EQ(sem_getvalue(&m->go[1], &left[1]), 0);
	printf("taken %d and %d, left %d\n", m->taken[0], m->taken[1],
	       left[0] + left[1]);
	CHECK_EQ(sem_destroy(&m->late), 0);
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *m, init, play, judge };

	return peer_main(argc, argv, &game);
}
