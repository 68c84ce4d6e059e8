/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal for the process that one thread only does not block: it comes
 * before that thread ends, and however seldom the thread has it open. */
#include "check.h"

#include <semaphore.h>
#include <stdatomic.h>

#define LEAVE 100
#define SELDOM 2000

static atomic_int got, ready, stop;
static sem_t taken;

static void mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_OK(pthread_sigmask(how, &set, NULL));
}

/* --- at the end ---------------------------------------------------------- */

static void count(int sig)
{
	(void)sig;
	atomic_fetch_add(&got, 1);
}

/* What it does until it is told to end: nothing, or calls that may be at work
 * when the signal comes.  At the end a system call, after which the kernel
 * would have seen to the signal. */
static void *take_one(void *arg)
{
	int how = *(int *)arg;

	mask(SIG_UNBLOCK, SIGUSR1);
	atomic_store(&ready, 1);
	while (!atomic_load(&stop)) {
		if (how == 1)
			sched_yield();
		if (how == 2)
			CHECK_EQ(sem_post(&taken), 0);
	}
	getppid();
	return NULL;
}

static void check_leave(int i)
{
	int how = i % 3;
	pthread_t t;

	atomic_store(&ready, 0);
	atomic_store(&stop, 0);
	t = check_spawn(take_one, &how);
	while (!atomic_load(&ready))
		sched_yield();
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	atomic_store(&stop, 1);
	check_join(t);
	CHECK_EQ(atomic_load(&got), i + 1);
	while (sem_trywait(&taken) == 0)
		;
}

/* --- seldom open --------------------------------------------------------- */

static void take(int sig)
{
	(void)sig;
	CHECK_EQ(sem_post(&taken), 0);
}

static void nothing(int sig)
{
	(void)sig;
}

/* It is in a handler that blocks SIGUSR1 nearly all the time. */
static void *open_seldom(void *arg)
{
	mask(SIG_UNBLOCK, SIGUSR1);
	atomic_store(&ready, 1);
	while (!atomic_load(&stop))
		CHECK_EQ(raise(SIGUSR2), 0);
	return arg;
}

static void check_seldom(void)
{
	struct sigaction act = { .sa_handler = take };
	pthread_t t;

	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	act.sa_handler = nothing;
	sigaddset(&act.sa_mask, SIGUSR1);
	CHECK_EQ(sigaction(SIGUSR2, &act, NULL), 0);
	atomic_store(&ready, 0);
	atomic_store(&stop, 0);
	t = check_spawn(open_seldom, NULL);
	while (!atomic_load(&ready))
		sched_yield();
	for (int i = 0; i < SELDOM; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		CHECK_EQ(sem_wait(&taken), 0);
	}
	atomic_store(&stop, 1);
	check_join(t);
}

int main(void)
{
	struct sigaction act = { .sa_handler = count };

	CHECK_EQ(sem_init(&taken, 0, 0), 0);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	mask(SIG_BLOCK, SIGUSR1);
	for (int i = 0; i < LEAVE; i++)
		check_leave(i);
	check_seldom();
	printf("%d before the end, %d seldom open\n", LEAVE, SELDOM);
	return 0;
}
