/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A descriptor that a thread has waited for is closed, and a child still has
 * the file open: what happens to that file then is nobody's affair here.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { TURNS = 50 };

static int fd[2];

static void *reads(void *arg)
{
	char c;

	CHECK_EQ(read(fd[0], &c, 1), 1);
	return arg;
}

/* Has all that is open here; ends when told. */
static pid_t child_until(const int *told)
{
	pid_t pid = fork();
	char c;

	CHECK(pid >= 0);
	if (pid)
		return pid;
	_exit(close(told[1]) == 0 && read(told[0], &c, 1) == 0 ? 0 : 1);
}

static void turn(void)
{
	int told[2], end, status;
	pthread_t t;
	pid_t pid;

	CHECK_EQ(pipe(told), 0);
	CHECK_EQ(pipe(fd), 0);
	t = check_spawn(reads, NULL);
	check_msleep(1); /* it waits by now, most of the time */
	pid = child_until(told);
	check_write(fd[1], "x", 1);
	check_join(t);

	/* As long as it is open somewhere, it tells those who asked. */
	end = fcntl(fd[1], F_DUPFD, 20);
	CHECK(end >= 20);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	check_write(end, "y", 1);
	check_msleep(2);
	CHECK_EQ(dup(0), fd[0]); /* the lowest that is free */
	CHECK_EQ(dup(0), fd[1]);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);

	CHECK_EQ(close(told[0]), 0);
	CHECK_EQ(close(told[1]), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(close(end), 0);
}

int main(void)
{
	for (int i = 0; i < TURNS; i++)
		turn();
	puts("the lowest numbers are free");
	return 0;
}
