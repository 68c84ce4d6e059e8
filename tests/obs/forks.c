/* SPDX-License-Identifier: BSD-2-Clause */
/* Parent and child have threads each; both end when standard input does. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *sleeps(void *arg)
{
	sleep(1000);
	return arg;
}

static void until_end(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
}

int main(void)
{
	pthread_t t;
	pid_t child;

	pthread_create(&t, NULL, sleeps, NULL);
	child = fork();
	pthread_create(&t, NULL, sleeps, NULL);
	usleep(100000);
	if (!child) {
		printf("%d\n", (int)getpid());
		fflush(stdout);
		until_end();
		exit(0);
	}
	until_end();
	waitpid(child, NULL, 0);
	exit(0);
}
