/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that never enter the runtime: every processor is stuck. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static volatile long n;

static void *spins(void *arg)
{
	for (;;)
		n++;
	return arg;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t t;

	for (int i = 0; i < threads; i++)
		pthread_create(&t, NULL, spins, NULL);
	puts("ready");
	fflush(stdout);
	spins(NULL);
	return 0;
}
