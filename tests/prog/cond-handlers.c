/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal handlers run in pthread_cond_wait, which goes on waiting: it neither
 * returns for them nor loses what is signalled meanwhile.
 */
#include "check.h"

#include <semaphore.h>

#define HANDLED 200
#define TURNS 300
#define WAITERS 4

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int go, returned, tokens, taken, over;
static sem_t handled;

static void handles(int signo)
{
	(void)signo;
	sem_post(&handled);
}

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	while (!go) {
		CHECK_OK(pthread_cond_wait(&c, &m));
		returned++;
	}
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

static void check_goes_on(void)
{
	pthread_t t = check_spawn(waits, NULL);

	check_msleep(20);
	for (int i = 0; i < HANDLED; i++) {
		CHECK_OK(pthread_kill(t, i % 2 ? SIGUSR1 : SIGUSR2));
		CHECK_EQ(sem_wait(&handled), 0);
	}
	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_EQ(returned, 0);
	go = 1;
	CHECK_OK(pthread_cond_signal(&c));
	CHECK_OK(pthread_mutex_unlock(&m));
	check_join(t);
	CHECK_EQ(returned, 1);
}

static void *takes(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	while (taken < TURNS) {
		if (tokens == 0) {
			CHECK_OK(pthread_cond_wait(&c, &m));
			continue;
		}
		tokens--;
		taken++;
	}
	CHECK_OK(pthread_cond_broadcast(&c));
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

static pthread_t taker[WAITERS];

static void *disturbs(void *arg)
{
	for (int i = 0; !__atomic_load_n(&over, __ATOMIC_RELAXED); i++) {
		CHECK_OK(pthread_kill(taker[i % WAITERS], SIGUSR1));
		if (i % 8 == 0)
			sched_yield();
	}
	return arg;
}

/* One token, one signal: were one lost, all would wait for ever. */
static void check_loses_none(void)
{
	pthread_t t;

	for (int i = 0; i < WAITERS; i++)
		taker[i] = check_spawn(takes, NULL);
	t = check_spawn(disturbs, NULL);
	for (int i = 0; i < TURNS; i++) {
		CHECK_OK(pthread_mutex_lock(&m));
		tokens++;
		CHECK_OK(pthread_cond_signal(&c));
		CHECK_OK(pthread_mutex_unlock(&m));
		while (__atomic_load_n(&taken, __ATOMIC_RELAXED) <= i)
			check_msleep(0);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	check_join(t);
	for (int i = 0; i < WAITERS; i++)
		check_join(taker[i]);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handles };

	CHECK_EQ(sem_init(&handled, 0, 0), 0);
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	sa.sa_flags = SA_RESTART;
	CHECK_EQ(sigaction(SIGUSR2, &sa, NULL), 0);
	check_goes_on();
	check_loses_none();
	printf("%d tokens\n", taken);
	CHECK_OK(pthread_cond_destroy(&c));
	return 0;
}
