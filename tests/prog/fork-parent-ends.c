/* SPDX-License-Identifier: BSD-2-Clause */
/* A child that is to die with the thread that has made it lives as long as
 * that thread, also if the thread has computed, and then waited for seconds. */
#include "check.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#define THREADS 6
#define BUSY_MS 60
#define WAIT_MS 3000

static int end[2];

static void computes(void)
{
	long long until = check_now(CLOCK_MONOTONIC) + BUSY_MS * CHECK_MS;

	while (check_now(CLOCK_MONOTONIC) < until)
		;
}

static void lives(void)
{
	char c;

	close(end[1]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(read(end[0], &c, 1) == 0 ? 0 : 1);
}

static void *parent(void *arg)
{
	int status;
	pid_t pid;

	computes();
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		lives();
	check_step(arg);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (status != 0)
		check_fail("status 0x%x", status);
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	int steps = 0;

	CHECK_EQ(pipe(end), 0);
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(parent, &steps);
	while (__atomic_load_n(&steps, __ATOMIC_SEQ_CST) < THREADS)
		check_msleep(10);
	check_msleep(WAIT_MS);
	CHECK_EQ(close(end[0]), 0);
	CHECK_EQ(close(end[1]), 0);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	puts("each has lived");
	return 0;
}
