/* SPDX-License-Identifier: BSD-2-Clause */
/* fork and exec before any thread exists; then threads in each process. */
#include "check.h"

#include <sys/wait.h>

static void *adds(void *arg)
{
	sched_yield();
	__atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
	usleep(100);
	return NULL;
}

static int run_threads(void)
{
	pthread_t t[20];
	int count = 0;

	for (int i = 0; i < 20; i++)
		t[i] = check_spawn(adds, &count);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	return count;
}

int main(int argc, char **argv)
{
	int status, fd[2], seen = 0;
	pid_t pid;

	/* The program run again by exec: it says how many it counted. */
	if (argc > 1) {
		seen = run_threads();
		check_write(atoi(argv[1]), &seen, sizeof seen);
		return 0;
	}
	for (int i = 0; i < 3; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(run_threads());
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(WEXITSTATUS(status), 20);
	}
	CHECK_EQ(pipe(fd), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		char number[16];

		snprintf(number, sizeof number, "%d", fd[1]);
		execl("/proc/self/exe", argv[0], number, (char *)NULL);
		_exit(127);
	}
	CHECK_EQ(close(fd[1]), 0);
	check_read(fd[0], &seen, sizeof seen);
	CHECK_EQ(read(fd[0], &status, 1), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(seen, 20);
	CHECK_EQ(run_threads(), 20);
	puts("threads in every process");
	return 0;
}
