/* SPDX-License-Identifier: BSD-2-Clause */
/* Forbids itself memory that is written and executed, then makes a thread. */
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static void *runs(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_t t;

	if (prctl(PR_SET_MDWE, 1L, 0L, 0L, 0L)) {
		perror("PR_SET_MDWE");
		return 77;
	}
	if (pthread_create(&t, NULL, runs, NULL) || pthread_join(t, NULL))
		return 1;
	puts("joined");
	return 0;
}
