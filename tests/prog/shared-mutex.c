/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes of every type between the threads of two processes: each excludes
 * the others, and only the owner is taken for the owner.
 */
#include "peer.h"

#define THREADS 6
#define TURNS 400

enum { NORMAL, RECURSIVE, ERRORCHECK, ADAPTIVE, TYPES };

static const int types[TYPES] = {
	PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
	PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP,
};

struct memory {
	pthread_mutex_t m[TYPES];
	int inside[TYPES];
	long count[TYPES];
};

static struct memory *s;

static void lock_somehow(pthread_mutex_t *m, int i)
{
	struct timespec abs = check_in_ms(CLOCK_MONOTONIC, 30000);

	if (i % 3 == 0)
		CHECK_OK(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &abs));
	else
		CHECK_OK(pthread_mutex_lock(m));
}

static void lock_again(pthread_mutex_t *m, int type)
{
	if (type == ERRORCHECK)
		CHECK_RC(pthread_mutex_lock(m), EDEADLK);
	if (type == RECURSIVE) {
		CHECK_OK(pthread_mutex_lock(m));
		CHECK_OK(pthread_mutex_trylock(m));
		CHECK_OK(pthread_mutex_unlock(m));
		CHECK_OK(pthread_mutex_unlock(m));
	}
}

static void turn(int type, int i)
{
	pthread_mutex_t *m = &s->m[type];

	if (type != NORMAL && type != ADAPTIVE)
		CHECK_RC(pthread_mutex_unlock(m), EPERM);
	lock_somehow(m, i);
	CHECK_EQ(++s->inside[type], 1);
	lock_again(m, type);
	s->count[type]++;
	if (i % 50 == 0)
		check_msleep(1);
	CHECK_EQ(s->inside[type]--, 1);
	CHECK_OK(pthread_mutex_unlock(m));
}

static void *locks(void *arg)
{
	for (int i = 0; i < TURNS; i++)
		for (int type = 0; type < TYPES; type++)
			turn(type, i);
	return arg;
}

static void init(void *memory)
{
	pthread_mutexattr_t a;

	s = memory;
	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	for (int i = 0; i < TYPES; i++) {
		CHECK_OK(pthread_mutexattr_settype(&a, types[i]));
		CHECK_OK(pthread_mutex_init(&s->m[i], &a));
	}
	CHECK_OK(pthread_mutexattr_destroy(&a));
}

static void play(void *memory, int who)
{
	pthread_t t[THREADS];

	(void)who;
	s = memory;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(locks, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
}

static void judge(void *memory)
{
	s = memory;
	for (int i = 0; i < TYPES; i++) {
		printf("%ld ", s->count[i]);
		CHECK_OK(pthread_mutex_destroy(&s->m[i]));
	}
	puts("counted");
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *s, init, play, judge };

	return peer_main(argc, argv, &game);
}
