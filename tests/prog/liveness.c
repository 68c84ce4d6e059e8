/* SPDX-License-Identifier: BSD-2-Clause */
/* 4 spinning threads and one in a raw read delay no other thread's tick. */
#include "liveness.h"

static int fd[2];

static void *spins(void *arg)
{
	while (!__atomic_load_n(&live_stop, __ATOMIC_ACQUIRE))
		;
	return arg;
}

#ifdef LIVE_SYSCALL
static void *reads_raw(void *arg)
{
	char c = 0;

	CHECK_EQ(live_syscall(SYS_read, fd[0], (long)&c, 1, 0), 1);
	CHECK_EQ(c, 'x');
	return arg;
}
#endif

int main(void)
{
#ifdef LIVE_SYSCALL
	pthread_t spinner[4], reader;

	CHECK_EQ(pipe(fd), 0);
	reader = check_spawn(reads_raw, NULL);
	for (int i = 0; i < 4; i++)
		spinner[i] = check_spawn(spins, NULL);
	live_run();
	check_write(fd[1], "x", 1);
	for (int i = 0; i < 4; i++)
		check_join(spinner[i]);
	check_join(reader);
	puts("every tick in time");
	return 0;
#else
	return CHECK_SKIPPED;
#endif
}
