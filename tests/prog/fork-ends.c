/* SPDX-License-Identifier: BSD-2-Clause */
/* How a process with threads ends, and how it goes into the background. */
#include "check.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/wait.h>

static int out[2]; /* what a child says */
static atomic_int ready;

static void say(const char *s)
{
	check_write(out[1], s, strlen(s));
}

static void *park(void *arg)
{
	atomic_fetch_add(&ready, 1);
	for (;;)
		pause();
	return arg;
}

static void *spin(void *arg)
{
	atomic_fetch_add(&ready, 1);
	for (;;)
		;
	return arg;
}

static void *lock_up(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

	CHECK_OK(pthread_mutex_lock(&m));
	atomic_fetch_add(&ready, 1);
	pthread_mutex_lock(&m);
	return arg;
}

/* Others that will be there to the end. */
static void start_others(void)
{
	atomic_store(&ready, 0);
	check_spawn(park, NULL);
	check_spawn(spin, NULL);
	check_spawn(lock_up, NULL);
	while (atomic_load(&ready) < 3)
		sched_yield();
}

static void at_exit(void)
{
	say("A");
}

static void at_quick_exit_(void)
{
	say("Q");
}

static void by_exit(void)
{
	exit(3);
}

static void by_quick_exit(void)
{
	quick_exit(4);
}

static void by__exit(void)
{
	_exit(5);
}

static void by_Exit(void)
{
	_Exit(6);
}

static void *call(void *arg)
{
	(*(void (**)(void))arg)();
	return NULL;
}

/* The way out, of main or of another thread. */
static void end_child(void (*way)(void), int in_thread, int native)
{
	CHECK_EQ(atexit(at_exit), 0);
	CHECK_EQ(at_quick_exit(at_quick_exit_), 0);
	if (!native)
		start_others();
	if (in_thread)
		check_join(check_spawn(call, &way));
	way();
}

static void check_end(void (*way)(void), int status, const char *said)
{
	for (int i = 0; i < 3; i++) {
		char buf[8] = "";
		int st = -1;
		ssize_t n;
		pid_t pid;

		CHECK_EQ(pipe(out), 0);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			end_child(way, i == 1, i == 2);
		CHECK_EQ(close(out[1]), 0);
		n = read(out[0], buf, sizeof buf - 1);
		CHECK(n == (ssize_t)strlen(said) && !strcmp(buf, said));
		CHECK_EQ(read(out[0], buf, 1), 0);
		CHECK_EQ(waitpid(pid, &st, 0), pid);
		CHECK(WIFEXITED(st) && WEXITSTATUS(st) == status);
		CHECK_EQ(close(out[0]), 0);
	}
}

/* --- into the background -------------------------------------------------- */

static void *greet(void *arg)
{
	check_msleep(1);
	say("T");
	return arg;
}

static void work_there(void)
{
	pthread_t t = check_spawn(greet, NULL);

	check_join(t);
	CHECK(getppid() != 0);
	say("D");
	_exit(0);
}

static void by_daemon(int others)
{
	if (others)
		start_others();
	CHECK_EQ(daemon(1, 1), 0);
	work_there();
}

static void by_double_fork(int others)
{
	pid_t pid;

	if (others)
		start_others();
	pid = fork();
	CHECK(pid >= 0);
	if (pid)
		_exit(0);
	CHECK(setsid() > 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid)
		_exit(0);
	work_there();
}

static void check_background(void (*way)(int), int others)
{
	char buf[3] = "";
	int status;
	pid_t pid;

	CHECK_EQ(pipe(out), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		way(others);
	CHECK_EQ(close(out[1]), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_read(out[0], buf, 2);
	CHECK(!strcmp(buf, "TD"));
	CHECK_EQ(read(out[0], buf, 1), 0); /* it has gone */
	CHECK_EQ(close(out[0]), 0);
}

static void *run(void *arg)
{
	check_end(by_exit, 3, "A");
	check_end(by_quick_exit, 4, "Q");
	check_end(by__exit, 5, "");
	check_end(by_Exit, 6, "");
	check_background(by_daemon, 0);
	check_background(by_daemon, 1);
	check_background(by_double_fork, 0);
	check_background(by_double_fork, 1);
	return arg;
}

int main(void)
{
	run(NULL);
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("all have ended as they should");
	return 0;
}
