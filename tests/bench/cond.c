/* SPDX-License-Identifier: BSD-2-Clause */
/* Cost of handing a turn from one thread to another by condition variable. */

#include "bench.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond[2] = {
	PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
};
static long turn, last;

/* Player 0 takes the even turns, player 1 the odd ones. */
static void play(long me)
{
	pthread_mutex_lock(&lock);
	while (turn < last) {
		if (turn % 2 == me) {
			turn++;
			pthread_cond_signal(&cond[!me]);
		} else {
			pthread_cond_wait(&cond[me], &lock);
		}
	}
	pthread_mutex_unlock(&lock);
}

static void *second(void *arg)
{
	play(1);
	return arg;
}

/* n is the number of one-way hand-overs. */
static void ping_pong(long n)
{
	pthread_t t;

	turn = 0;
	last = n;
	bench_ok("pthread_create", pthread_create(&t, NULL, second, NULL));
	play(0);
	bench_ok("pthread_join", pthread_join(t, NULL));
	if (turn != n)
		bench_die("turns were lost", EINVAL);
}

int main(int argc, char **argv)
{
	bench_args(argc, argv);
	bench_loop("cond_one_way", ping_pong);
	return 0;
}
