/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Condition variables between the threads of two processes: a bounded buffer
 * by signals, rounds by broadcasts, time-outs and cancelled waits among them.
 */
#include "peer.h"

#define PAIRS 4
#define ITEMS 400
#define ROUNDS 100
#define ROOM 3

struct memory {
	pthread_mutex_t m; /* robust */
	pthread_cond_t not_full, not_empty;
	int in_buffer, put, got;
	pthread_mutex_t round_m;
	pthread_cond_t round_c;
	int round, came;
};

static struct memory *s;

/* Waits for c, sometimes with a time that is too short. */
static void wait_somehow(pthread_cond_t *c, int i)
{
	struct timespec abs;
	int err;

	if (i % 3) {
		CHECK_OK(pthread_cond_wait(c, &s->m));
		return;
	}
	abs = check_timespec(check_now(CLOCK_MONOTONIC) + 200000);
	err = pthread_cond_clockwait(c, &s->m, CLOCK_MONOTONIC, &abs);
	if (err != 0)
		CHECK_RC(err, ETIMEDOUT);
}

static void *puts_items(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		CHECK_OK(pthread_mutex_lock(&s->m));
		while (s->in_buffer == ROOM)
			wait_somehow(&s->not_full, i);
		s->in_buffer++;
		s->put++;
		CHECK_OK(pthread_mutex_unlock(&s->m));
		CHECK_OK(pthread_cond_signal(&s->not_empty));
	}
	return arg;
}

static void *gets_items(void *arg)
{
	for (int i = 0; i < ITEMS; i++) {
		CHECK_OK(pthread_mutex_lock(&s->m));
		while (s->in_buffer == 0)
			wait_somehow(&s->not_empty, i);
		s->in_buffer--;
		s->got++;
		CHECK_OK(pthread_cond_signal(&s->not_full));
		CHECK_OK(pthread_mutex_unlock(&s->m));
	}
	return arg;
}

/* The last one of 4 * PAIRS to come lets the others go on. */
static void *goes_round(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_OK(pthread_mutex_lock(&s->round_m));
		if (++s->came == 4 * PAIRS) {
			s->came = 0;
			s->round++;
			CHECK_OK(pthread_cond_broadcast(&s->round_c));
		}
		while (s->round == i)
			CHECK_OK(pthread_cond_wait(&s->round_c, &s->round_m));
		CHECK_OK(pthread_mutex_unlock(&s->round_m));
	}
	return arg;
}

static void unlocks(void *arg)
{
	CHECK_OK(pthread_mutex_unlock(arg));
}

/* Hands on each signal it gets; is cancelled, and holds the mutex then. */
static void *is_cancelled(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&s->m));
	pthread_cleanup_push(unlocks, &s->m);
	for (;;) {
		CHECK_OK(pthread_cond_wait(&s->not_empty, &s->m));
		CHECK_OK(pthread_cond_signal(&s->not_empty));
	}
	pthread_cleanup_pop(0);
	return arg;
}

static void cancels(pthread_t t)
{
	check_msleep(20);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	/* It may have had a signal that was somebody else's. */
	CHECK_OK(pthread_cond_broadcast(&s->not_empty));
}

static void init_cond(pthread_cond_t *c)
{
	pthread_condattr_t a;

	CHECK_OK(pthread_condattr_init(&a));
	CHECK_OK(pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_cond_init(c, &a));
	CHECK_OK(pthread_condattr_destroy(&a));
}

static void init(void *memory)
{
	pthread_mutexattr_t a;

	s = memory;
	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutex_init(&s->round_m, &a));
	CHECK_OK(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
	CHECK_OK(pthread_mutex_init(&s->m, &a));
	CHECK_OK(pthread_mutexattr_destroy(&a));
	init_cond(&s->not_full);
	init_cond(&s->not_empty);
	init_cond(&s->round_c);
}

static void play(void *memory, int who)
{
	pthread_t put[PAIRS], got[PAIRS], round[2 * PAIRS], cancelled;

	(void)who;
	s = memory;
	cancelled = check_spawn(is_cancelled, NULL);
	for (int i = 0; i < PAIRS; i++) {
		put[i] = check_spawn(puts_items, NULL);
		got[i] = check_spawn(gets_items, NULL);
		round[i] = check_spawn(goes_round, NULL);
		round[PAIRS + i] = check_spawn(goes_round, NULL);
	}
	cancels(cancelled);
	for (int i = 0; i < PAIRS; i++) {
		check_join(put[i]);
		check_join(got[i]);
		check_join(round[i]);
		check_join(round[PAIRS + i]);
	}
}

static void judge(void *memory)
{
	s = memory;
	printf("%d put, %d got, %d left, %d rounds\n", s->put, s->got,
	       s->in_buffer, s->round);
	CHECK_OK(pthread_cond_destroy(&s->not_full));
	CHECK_OK(pthread_cond_destroy(&s->not_empty));
	CHECK_OK(pthread_cond_destroy(&s->round_c));
	CHECK_OK(pthread_mutex_destroy(&s->m));
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *s, init, play, judge };

	return peer_main(argc, argv, &game);
}
