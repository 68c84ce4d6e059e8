/* SPDX-License-Identifier: BSD-2-Clause */
/* Return from main() while threads run, block and wait: exit status 0. */
#include "check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t ready;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	pthread_barrier_wait(&ready);
	for (;;)
		pthread_cond_wait(&never, &lock);
	return arg;
}

static void *reads(void *arg)
{
	char c;

	pthread_barrier_wait(&ready);
	CHECK_EQ(read(*(int *)arg, &c, 1), 1);
	return arg;
}

static void *spins(void *arg)
{
	static volatile long counter;

	pthread_barrier_wait(&ready);
	for (;;)
		counter++;
	return arg;
}

static void *sleeps(void *arg)
{
	pthread_barrier_wait(&ready);
	sleep(1000);
	return arg;
}

static void at_exit(void)
{
	puts("gone");
}

int main(void)
{
	static int fd[2];

	CHECK_EQ(pipe(fd), 0);
	CHECK_EQ(atexit(at_exit), 0);
	CHECK_OK(pthread_barrier_init(&ready, NULL, 5));
	check_spawn(waits, NULL);
	check_spawn(reads, fd);
	check_spawn(spins, NULL);
	check_spawn(sleeps, NULL);
	pthread_barrier_wait(&ready);
	return 0;
}
