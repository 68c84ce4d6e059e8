/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RLIMIT_SIGPENDING is 0, as if other processes of the user had queued all that
 * may be: standard signals come all the same, and a thread that computes does
 * not hold up the others.
 */
#include "check.h"

#include <sys/resource.h>

static int computing, stop;

static void *computes(void *arg)
{
	__atomic_store_n(&computing, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		;
	return arg;
}

static void *naps(void *arg)
{
	struct timespec ts = { 20, 0 };

	CHECK_ERRNO(nanosleep(&ts, NULL), EINTR);
	check_step(arg);
	return NULL;
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	pthread_t computer, napper;
	int steps = 0;

	CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
	check_handle(SIGUSR1, check_ignore, 0);
	napper = check_spawn(naps, &steps);
	check_msleep(1000); /* nothing runs */
	computer = check_spawn(computes, NULL);
	check_msleep(50);
	CHECK(__atomic_load_n(&computing, __ATOMIC_SEQ_CST));
	check_kill_until(napper, SIGUSR1, &steps, 1);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(computer);
	check_join(napper);
	puts("told in spite of it");
	return 0;
}
