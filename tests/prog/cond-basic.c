/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal wakes one, broadcast wakes all; on a mutex of every kind. */
#include "check.h"

#define WAITERS 20

static pthread_mutex_t kinds[] = {
	PTHREAD_MUTEX_INITIALIZER,
	PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
	PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
	PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP,
};
static pthread_mutex_t *m;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting, tokens, taken, recursive;

static void *takes_token(void *arg)
{
	CHECK_OK(pthread_mutex_lock(m));
	waiting++;
	while (tokens == 0)
		CHECK_OK(pthread_cond_wait(&changed, m));
	/* The mutex is ours again: nobody else may have it. */
	if (recursive)
		CHECK_OK(pthread_mutex_trylock(m));
	else
		CHECK_RC(pthread_mutex_trylock(m), EBUSY);
	tokens--;
	waiting--;
	taken++;
	if (recursive)
		CHECK_OK(pthread_mutex_unlock(m));
	CHECK_OK(pthread_mutex_unlock(m));
	return arg;
}

static int locked_read(int *value)
{
	int v;

	CHECK_OK(pthread_mutex_lock(m));
	v = *value;
	CHECK_OK(pthread_mutex_unlock(m));
	return v;
}

static void wait_until(int *value, int want)
{
	while (locked_read(value) != want)
		usleep(100);
}

static void run(void)
{
	pthread_t t[WAITERS];

	taken = 0;
	for (int i = 0; i < WAITERS; i++)
		t[i] = check_spawn(takes_token, NULL);
	wait_until(&waiting, WAITERS);

	/* One token, one signal; then all the rest by one broadcast. */
	CHECK_OK(pthread_mutex_lock(m));
	tokens = 1;
	CHECK_OK(pthread_cond_signal(&changed));
	CHECK_OK(pthread_mutex_unlock(m));
	wait_until(&taken, 1);
	CHECK_EQ(locked_read(&waiting), WAITERS - 1);

	/* Signal without the mutex is allowed. */
	CHECK_OK(pthread_mutex_lock(m));
	tokens = 1;
	CHECK_OK(pthread_mutex_unlock(m));
	CHECK_OK(pthread_cond_signal(&changed));
	wait_until(&taken, 2);

	CHECK_OK(pthread_mutex_lock(m));
	tokens = WAITERS - 2;
	CHECK_OK(pthread_cond_broadcast(&changed));
	CHECK_OK(pthread_mutex_unlock(m));
	for (int i = 0; i < WAITERS; i++)
		check_join(t[i]);
	CHECK_EQ(taken, WAITERS);
	CHECK_EQ(waiting, 0);
}

int main(void)
{
	/* POSIX: with nobody waiting they have no effect. */
	CHECK_OK(pthread_cond_signal(&changed));
	CHECK_OK(pthread_cond_broadcast(&changed));
	for (int i = 0; i < 4; i++) {
		m = &kinds[i];
		recursive = i == 1;
		run();
	}
	CHECK_OK(pthread_cond_destroy(&changed));
	puts("every waiter woke");
	return 0;
}
