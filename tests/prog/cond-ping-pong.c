/* SPDX-License-Identifier: BSD-2-Clause */
/* 200,000 turns by condition variable between two threads: none is lost. */
#include "check.h"

#define TURNS 200000

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c[2] = {
	PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
};
static int turn;

static void *plays(void *arg)
{
	int me = (int)(long)arg;

	CHECK_OK(pthread_mutex_lock(&m));
	while (turn < TURNS) {
		if (turn % 2 == me) {
			turn++;
			CHECK_OK(pthread_cond_signal(&c[!me]));
		} else {
			CHECK_OK(pthread_cond_wait(&c[me], &m));
		}
	}
	CHECK_OK(pthread_cond_signal(&c[!me]));
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

int main(void)
{
	pthread_t other = check_spawn(plays, (void *)1);

	plays((void *)0);
	check_join(other);
	CHECK_EQ(turn, TURNS);
	printf("%d turns\n", turn);
	return 0;
}
