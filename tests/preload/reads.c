/* SPDX-License-Identifier: BSD-2-Clause */
/* Two threads that answer each other by pipes or sockets: 2 N blocked reads. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int there[2], back[2], n;

static void must(int ok)
{
	if (!ok)
		exit(1);
}

static void *answers(void *arg)
{
	char c;

	for (int i = 0; i < n; i++) {
		must(read(there[0], &c, 1) == 1);
		must(write(back[1], &c, 1) == 1);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;
	char c = 'x';

	must(argc == 3);
	n = atoi(argv[2]);
	if (!strcmp(argv[1], "pipe")) {
		must(pipe(there) == 0 && pipe(back) == 0);
	} else {
		must(!socketpair(AF_UNIX, SOCK_STREAM, 0, there));
		must(!socketpair(AF_UNIX, SOCK_STREAM, 0, back));
	}
	must(!pthread_create(&t, NULL, answers, NULL));
	for (int i = 0; i < n; i++) {
		must(write(there[1], &c, 1) == 1);
		must(read(back[0], &c, 1) == 1);
	}
	pthread_join(t, NULL);
	puts("done");
	return 0;
}
