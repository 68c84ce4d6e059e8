/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that wait in read and say how that ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 20 };

static int pairs[THREADS][2];

static void unwound(void *arg)
{
	printf("unwound %ld\n", (long)arg);
	fflush(stdout);
}

static void *reads(void *arg)
{
	long me = (long)arg;
	char byte;
	ssize_t n;

	pthread_cleanup_push(unwound, arg);
	do {
		n = read(pairs[me][0], &byte, 1);
		if (n == 1 && write(pairs[me][0], &byte, 1) != 1)
			exit(1);
	} while (n == 1);
	printf("%ld %s\n", me, n < 0 ? strerror(errno) : "end");
	fflush(stdout);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Those that were not cancelled still answer. */
static int answers(long i)
{
	char byte = 'x';

	return send(pairs[i][1], &byte, 1, MSG_NOSIGNAL) == 1 &&
	       recv(pairs[i][1], &byte, 1, 0) == 1;
}

int main(void)
{
	pthread_t t[THREADS];
	char line[64];

	setlinebuf(stdout);
	for (long i = 0; i < THREADS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]))
			return 1;
		pthread_create(&t[i], NULL, reads, (void *)i);
	}
	usleep(100000);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		printf("%s %s\n", strtok(line, "\n"),
		       answers(atol(line)) ? "answers" : "is silent");
	exit(0);
}
