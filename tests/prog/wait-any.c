/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that wait for any child at once: each child goes to one of them. */
#include "check.h"

#include <sys/wait.h>

#define CHILDREN 40
#define THREADS 4

static int reaped[CHILDREN];

/* Until there are no more: then every waiter must be told so. */
static void *waits(void *arg)
{
	int status;

	while (wait(&status) > 0) {
		CHECK(WIFEXITED(status));
		CHECK(WEXITSTATUS(status) < CHILDREN);
		__atomic_fetch_add(&reaped[WEXITSTATUS(status)], 1,
				   __ATOMIC_SEQ_CST);
	}
	if (errno != ECHILD)
		check_fail("wait failed with errno %d", errno);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	int go[2];
	char c;

	CHECK_EQ(pipe(go), 0);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			close(go[1]);
			/* The end of file lets all of them go. */
			CHECK_EQ(read(go[0], &c, 1), 0);
			usleep((unsigned)i * 500);
			_exit(i);
		}
	}
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(waits, NULL);
	check_msleep(20);
	CHECK_EQ(close(go[1]), 0);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	for (int i = 0; i < CHILDREN; i++)
		CHECK_EQ(reaped[i], 1);
	printf("%d children, once each\n", CHILDREN);
	return 0;
}
