/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_atfork around a lock that threads fight for: children can take it. */
#include "check.h"

#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 8
#define FORKS 25

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int prepared, in_parent, in_child;
static long value, twice;
static atomic_int stop;

static void prepare(void)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	prepared++;
}

static void parent(void)
{
	in_parent++;
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void child(void)
{
	in_child++;
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void *fight(void *arg)
{
	volatile int i;

	while (!atomic_load(&stop)) {
		CHECK_OK(pthread_mutex_lock(&lock));
		value++;
		for (i = 0; i < 200; i++)
			;
		twice += 2;
		CHECK_OK(pthread_mutex_unlock(&lock));
	}
	return arg;
}

/* What the lock guards is whole, and the lock is free. */
static void check_child(int forks)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	CHECK_EQ(twice, 2 * value);
	CHECK_EQ(prepared, forks);
	CHECK_EQ(in_parent, forks - 1);
	CHECK_EQ(in_child, 1);
	CHECK_OK(pthread_mutex_unlock(&lock));
	_exit(5);
}

static void *fork_all(void *arg)
{
	int i, first = prepared, status;
	pid_t pid;

	for (i = 1; i <= FORKS; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			check_child(first + i);
		status = -1;
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	int i;

	CHECK_OK(pthread_atfork(prepare, parent, child));
	for (i = 0; i < THREADS; i++)
		t[i] = check_spawn(fight, NULL);
	fork_all(NULL);
	check_join(check_spawn(fork_all, NULL));
	atomic_store(&stop, 1);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(prepared, 2 * FORKS);
	CHECK_EQ(in_parent, 2 * FORKS);
	CHECK_EQ(in_child, 0);
	printf("%d children took the lock\n", 2 * FORKS);
	return 0;
}
