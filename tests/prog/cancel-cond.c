/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelled in a wait for a condition: with the mutex, and without a signal. */
#include "check.h"

#define PAIRS 200

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting, tokens, taken, cancelled;

static void holds_mutex(void *arg)
{
	/* Ours, so nobody else's. */
	CHECK_RC(pthread_mutex_trylock(&m), EBUSY);
	waiting--;
	cancelled++;
	CHECK_OK(pthread_mutex_unlock(arg));
}

static void *takes_token(void *timed)
{
	struct timespec later = check_in_ms(CLOCK_REALTIME, 60000);

	CHECK_OK(pthread_mutex_lock(&m));
	waiting++;
	pthread_cleanup_push(holds_mutex, &m);
	while (tokens == 0)
		CHECK_OK(timed ? pthread_cond_timedwait(&changed, &m, &later)
			       : pthread_cond_wait(&changed, &m));
	tokens--;
	taken++;
	waiting--;
	pthread_cleanup_pop(0);
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

static void wait_for(int n)
{
	int now;

	do {
		CHECK_OK(pthread_mutex_lock(&m));
		now = waiting;
		CHECK_OK(pthread_mutex_unlock(&m));
		if (now != n)
			usleep(100);
	} while (now != n);
}

/* While the canceller has the mutex, the handler cannot begin. */
static void one_waits_for_the_mutex(void *timed)
{
	pthread_t t = check_spawn(takes_token, timed);

	wait_for(1);
	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_OK(pthread_cancel(t));
	check_msleep(10);
	CHECK_RC(pthread_tryjoin_np(t, NULL), EBUSY);
	CHECK_EQ(cancelled, 0);
	CHECK_OK(pthread_mutex_unlock(&m));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(cancelled, 1);
	cancelled = 0;
}

/*
 * A token and a signal for one of two, and one of them is cancelled at the
 * same time: the other must get the token, or the cancelled one has had it.
 */
static void no_signal_is_lost(int i)
{
	pthread_t a = check_spawn(takes_token, NULL);
	pthread_t b = check_spawn(takes_token, (void *)1);
	pthread_t victim = i & 1 ? a : b, other = i & 1 ? b : a;
	void *end;

	wait_for(2);
	taken = 0;
	CHECK_OK(pthread_mutex_lock(&m));
	tokens = 1;
	if (i & 2)
		CHECK_OK(pthread_cancel(victim));
	CHECK_OK(pthread_cond_signal(&changed));
	CHECK_OK(pthread_mutex_unlock(&m));
	if (!(i & 2))
		CHECK_OK(pthread_cancel(victim));
	end = check_join(victim);
	if (end == PTHREAD_CANCELED) {
		CHECK(check_join(other) == NULL);
	} else {
		CHECK_OK(pthread_cancel(other));
		CHECK(check_join(other) == PTHREAD_CANCELED);
	}
	CHECK_EQ(taken, 1);
	CHECK_EQ(tokens, 0);
	CHECK_EQ(waiting, 0);
}

int main(void)
{
	one_waits_for_the_mutex(NULL);
	one_waits_for_the_mutex((void *)1);
	for (int i = 0; i < PAIRS; i++)
		no_signal_is_lost(i);
	puts("ok");
	return 0;
}
