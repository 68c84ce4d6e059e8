/* SPDX-License-Identifier: BSD-2-Clause */
/* A barrier between the threads of two processes: nobody goes before all have
 * come, one of each round is told so, and the last one may destroy it. */
#include "peer.h"

#define THREADS 5
#define ROUNDS 200

struct memory {
	pthread_barrier_t b;
	int come[ROUNDS];
	int serial[ROUNDS];
};

static struct memory *m;

static void *meets(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int r;

		__atomic_add_fetch(&m->come[i], 1, __ATOMIC_RELAXED);
		r = pthread_barrier_wait(&m->b);
		CHECK_EQ(__atomic_load_n(&m->come[i], __ATOMIC_RELAXED),
			 2 * THREADS);
		if (r == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&m->serial[i], 1, __ATOMIC_RELAXED);
		else
			CHECK_OK(r);
		if (i % 64 == 0)
			check_msleep(1);
	}
	return arg;
}

static void init(void *memory)
{
	pthread_barrierattr_t a;

	m = memory;
	CHECK_OK(pthread_barrierattr_init(&a));
	CHECK_OK(pthread_barrierattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_barrier_init(&m->b, &a, 2 * THREADS));
	CHECK_OK(pthread_barrierattr_destroy(&a));
}

static void play(void *memory, int who)
{
	pthread_t t[THREADS];

	m = memory;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(meets, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	if (who == 0)
		CHECK_OK(pthread_barrier_destroy(&m->b));
}

static void judge(void *memory)
{
	int serial = 0;

	m = memory;
	for (int i = 0; i < ROUNDS; i++)
		serial += m->serial[i] == 1;
	printf("%d rounds\n", serial);
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *m, init, play, judge };

	return peer_main(argc, argv, &game);
}
