/* SPDX-License-Identifier: BSD-2-Clause */
/* 50 threads each start a program and wait for it; others run meanwhile. */
#include "check.h"

#include <spawn.h>
#include <sys/wait.h>

#define THREADS 50

extern char **environ;
static long ticks;
static volatile int stop;

static void *spawns(void *arg)
{
	char script[32], *argv[] = { "sh", "-c", script, NULL };
	int status, want = (int)(long)arg;
	pid_t pid;

	snprintf(script, sizeof script, "exit %d", want);
	CHECK_OK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), want);
	return NULL;
}

static void *forks(void *arg)
{
	char script[32];
	int status, want = (int)(long)arg;
	pid_t pid;

	snprintf(script, sizeof script, "exit %d", want);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), want);
	return NULL;
}

static void *ticks_on(void *arg)
{
	while (!stop) {
		usleep(1000);
		ticks++;
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], ticker = check_spawn(ticks_on, NULL);

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(i % 2 ? spawns : forks, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	stop = 1;
	check_join(ticker);
	CHECK(ticks > 0);
	CHECK_ERRNO(wait(NULL), ECHILD);
	printf("%d children\n", THREADS);
	return 0;
}
