/* SPDX-License-Identifier: BSD-2-Clause */
/* A write to a broken pipe kills the process by SIGPIPE, as ever. */
#include "io-net.h"

#include <sys/wait.h>

static int fd[2];

static void *writes(void *arg)
{
	CHECK_EQ(write(fd[1], "x", 1), -1);
	return arg;
}

static void *sends(void *arg)
{
	CHECK_EQ(send(fd[1], "x", 1, 0), -1);
	return arg;
}

static void *sends_quietly(void *arg)
{
	CHECK_ERRNO(send(fd[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	return arg;
}

static int status_of(void *(*fn)(void *), int use_pipe)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		if (use_pipe)
			CHECK_EQ(pipe(fd), 0);
		else
			CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		CHECK_EQ(close(fd[0]), 0);
		check_join(check_spawn(fn, NULL));
		_exit(9);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

int main(void)
{
	CHECK_EQ(status_of(writes, 1), SIGPIPE);
	CHECK_EQ(status_of(writes, 0), SIGPIPE);
	CHECK_EQ(status_of(sends, 0), SIGPIPE);
	CHECK_EQ(status_of(sends_quietly, 0), -9);
	puts("SIGPIPE where due");
	return 0;
}
