/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals for a thread that computes, faster than it takes them, become one; nor
 * does a thread that opens and closes one all the time use up what the user may
 * have queued.
 */
#include "check.h"

enum { SIGNALS = 100000, LOOK = 1000, MOST = 1000, MS = 300 };

static int computing, stop, taken;

static void take(int signo)
{
	(void)signo;
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
}

static void *computes(void *arg)
{
	__atomic_store_n(&computing, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		;
	return arg;
}

static void *opens(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		CHECK_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
		CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	}
	return arg;
}

/* Of the whole user. */
static long queued(void)
{
	char line[128];
	long n = -1;
	FILE *f = fopen("/proc/self/status", "r");

	CHECK(f != NULL);
	while (n < 0 && fgets(line, sizeof line, f))
		sscanf(line, "SigQ: %ld/", &n);
	CHECK_EQ(fclose(f), 0);
	CHECK(n >= 0);
	return n;
}

static void check_storm(long before)
{
	pthread_t t = check_spawn(computes, NULL);

	while (!__atomic_load_n(&computing, __ATOMIC_SEQ_CST))
		sched_yield();
	for (int i = 0; i < SIGNALS; i++) {
		CHECK_OK(pthread_kill(t, SIGUSR1));
		if (i % LOOK == 0)
			CHECK(queued() < before + MOST);
	}
	while (!__atomic_load_n(&taken, __ATOMIC_RELAXED))
		sched_yield();
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(t);
}

static void check_opening(long before)
{
	sigset_t set;
	pthread_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	__atomic_store_n(&stop, 0, __ATOMIC_SEQ_CST);
	t = check_spawn(opens, NULL);
	for (int i = 0; i < MS; i++) {
		check_msleep(1);
		CHECK(queued() < before + MOST);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(t);
}

int main(void)
{
	long before = queued();

	check_handle(SIGUSR1, take, 0);
	check_storm(before);
	check_opening(before);
	puts("few are queued");
	return 0;
}
