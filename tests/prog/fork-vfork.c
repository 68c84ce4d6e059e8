/* SPDX-License-Identifier: BSD-2-Clause */
/* The parent of a vfork goes on when its child has executed or ended. */
#include "check.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>

#define THREADS 8
#define ROUNDS 5

static int ask[2], answer[2]; /* of another thread */

/* The order is told by a pipe: what the child writes is there.  It may need
 * another thread to go on meanwhile. */
static void check_exit(bool asks)
{
	char c = 0;
	int fd[2], status;
	pid_t pid;

	CHECK_EQ(pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	pid = vfork();
	CHECK(pid >= 0);
	if (!pid) {
		usleep(20000);
		if (asks && (write(ask[1], &c, 1) != 1 ||
			     read(answer[0], &c, 1) != 1))
			_exit(6);
		_exit(write(fd[1], "x", 1) == 1 ? 7 : 8);
	}
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 7);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
}

/* It is no cancellation point; one that is asked for meanwhile comes later. */
static void *asked_to_end(void *arg)
{
	int status;
	pid_t pid;

	CHECK_OK(pthread_cancel(pthread_self()));
	pid = vfork();
	if (!pid)
		_exit(3);
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 3);
	return arg;
}

/* It does not wait for the end of the program that is executed. */
static void check_exec(void)
{
	int in[2], out[2], status;
	pid_t pid;
	char c;

	CHECK_EQ(pipe2(in, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
	pid = vfork();
	CHECK(pid >= 0);
	if (!pid) {
		usleep(10000);
		if (dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1)
			execl("/bin/cat", "cat", (char *)NULL);
		_exit(9);
	}
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	check_write(in[1], "y", 1);
	CHECK_EQ(read(out[0], &c, 1), 1);
	CHECK_EQ(c, 'y');
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(close(in[i]), 0);
		CHECK_EQ(close(out[i]), 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

static void *run(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		check_exit(true);
		check_exec();
	}
	return arg;
}

static void *answers(void *arg)
{
	char c;

	while (read(ask[0], &c, 1) == 1)
		check_write(answer[1], &c, 1);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], c;

	CHECK_EQ(pipe2(ask, O_CLOEXEC), 0);
	CHECK_EQ(pipe2(answer, O_CLOEXEC), 0);
	check_exit(false); /* before there is a thread */
	CHECK(check_join(check_spawn(asked_to_end, ask)) == ask);
	c = check_spawn(answers, NULL);
	run(NULL);
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(run, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(close(ask[1]), 0);
	check_join(c);
	puts("children have gone first");
	return 0;
}
