/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that stops its process has stopped it when raise returns: it goes on
 * when somebody has continued it.
 */
#include "check.h"

#include <poll.h>
#include <sys/wait.h>

static int told[2];

static void *other(void *arg)
{
	for (volatile long i = 0;; i++)
		;
	return arg;
}

static void *stops(void *arg)
{
	int signo = *(int *)arg;

	check_msleep(20); /* the others have begun */
	if (signo == SIGSTOP)
		CHECK_OK(pthread_kill(pthread_self(), SIGSTOP));
	else
		CHECK_EQ(raise(signo), 0);
	check_write(told[1], "x", 1);
	if (signo == SIGSTOP)
		CHECK_EQ(raise(SIGKILL), 0);
	_exit(3);
}

static void *in_child(void *arg)
{
	int signo = *(int *)arg, status;
	struct pollfd p = { .events = POLLIN };
	char c;
	pid_t pid;

	CHECK_EQ(pipe(told), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		check_spawn(other, NULL);
		check_spawn(other, NULL);
		check_join(check_spawn(stops, arg));
	}
	CHECK_EQ(close(told[1]), 0);
	p.fd = told[0];
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), signo);
	CHECK_EQ(poll(&p, 1, 0), 0); /* it has said nothing since */
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (signo == SIGSTOP)
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	CHECK_EQ(close(told[0]), 0);
	return arg;
}

int main(void)
{
	int signals[] = { SIGSTOP, SIGTSTP };

	for (int i = 0; i < 10; i++)
		check_join(check_spawn(in_child, &signals[i % 2]));
	puts("stopped and continued");
	return 0;
}
