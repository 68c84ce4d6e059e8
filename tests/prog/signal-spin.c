/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals reach threads that only compute; raise and kill(getpid()). */
#include "check.h"

#include <stdatomic.h>

#define SPINNERS 4

static atomic_int started, hits, wrong;
static __thread volatile sig_atomic_t told;
static __thread volatile pthread_t self;

static void stop_here(int sig)
{
	(void)sig;
	if (!pthread_equal(self, pthread_self()))
		atomic_fetch_add(&wrong, 1);
	told = 1;
}

static void count(int sig)
{
	(void)sig;
	atomic_fetch_add(&hits, 1);
}

/* Ends only by a signal that its handler got in this very thread. */
static void *spin(void *arg)
{
	self = pthread_self();
	atomic_fetch_add(&started, 1);
	while (!told)
		;
	return arg;
}

static void check_spin(void)
{
	pthread_t t[SPINNERS];
	int i;

	atomic_store(&started, 0);
	for (i = 0; i < SPINNERS; i++)
		t[i] = check_spawn(spin, NULL);
	while (atomic_load(&started) < SPINNERS)
		check_msleep(1);
	for (i = SPINNERS - 1; i >= 0; i--) {
		CHECK_OK(pthread_kill(t[i], SIGUSR2));
		check_join(t[i]);
	}
	CHECK_EQ(atomic_load(&wrong), 0);
}

/* One that the thread sends itself is handled before the call returns. */
static void *send_self(void *arg)
{
	int i;

	atomic_store(&hits, 0);
	for (i = 1; i <= 100; i++) {
		CHECK_EQ(raise(SIGUSR1), 0);
		CHECK_EQ(atomic_load(&hits), 2 * i - 1);
		CHECK_OK(pthread_kill(pthread_self(), SIGUSR1));
		CHECK_EQ(atomic_load(&hits), 2 * i);
	}
	CHECK_OK(pthread_kill(pthread_self(), 0));
	CHECK_RC(pthread_kill(pthread_self(), check_hidden(1000)), EINVAL);
	CHECK_EQ(atomic_load(&hits), 200);
	return arg;
}

/* One to the process is handled by some thread, once. */
static void *send_process(void *arg)
{
	int i;

	atomic_store(&hits, 0);
	for (i = 1; i <= 100; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		while (atomic_load(&hits) < i)
			sched_yield();
		CHECK_EQ(atomic_load(&hits), i);
	}
	return arg;
}

int main(void)
{
	struct sigaction act = { .sa_handler = stop_here };
	int i;

	CHECK_EQ(sigaction(SIGUSR2, &act, NULL), 0);
	act.sa_handler = count;
	act.sa_flags = SA_RESTART;
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	for (i = 0; i < 5; i++)
		check_spin();
	send_self(NULL);
	check_join(check_spawn(send_self, NULL));
	send_process(NULL);
	check_join(check_spawn(send_process, NULL));
	puts("every spin ended");
	return 0;
}
