/* SPDX-License-Identifier: BSD-2-Clause */
/* exit() called by a thread ends the process; handlers run in it. */
#include "check.h"

#include <sys/wait.h>

static pthread_t exiting;

static void at_exit(void)
{
	if (!pthread_equal(pthread_self(), exiting))
		_exit(1);
}

static void *calls_exit(void *arg)
{
	exiting = pthread_self();
	exit((int)(long)arg);
}

static void *calls__exit(void *arg)
{
	_exit((int)(long)arg);
}

static void *calls_abort(void *arg)
{
	(void)arg;
	abort();
}

static void *sleeps(void *arg)
{
	sleep(1000);
	return arg;
}

/* What becomes of a process with a few threads, one of which runs fn. */
static int status_of(void *(*fn)(void *), long arg)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(atexit(at_exit), 0);
		check_spawn(sleeps, NULL);
		check_spawn(fn, (void *)arg);
		sleeps(NULL);
		_exit(2);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* The parent makes no thread, so each child starts from a plain process. */
int main(void)
{
	int status = status_of(calls_exit, 42);

	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
	status = status_of(calls__exit, 43);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 43);
	status = status_of(calls_abort, 0);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGABRT);
	puts("42 43 SIGABRT");
	return 0;
}
