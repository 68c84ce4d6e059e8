/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that knows nothing of being ended: a thread a connection echoes, and
 * there are 20 children.  5 of them ignore SIGTERM, and so do 10 connections
 * that are broken: their threads wait for a lock that nobody gives back.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STUBBORN_CHILDREN = 5, SPAWNED = 14, STUBBORN_THREADS = 10 };

extern char **environ;

static pthread_mutex_t lost = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ended;

static void *echo(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[512];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	if (ended++ < STUBBORN_THREADS)
		pthread_mutex_lock(&lost);
	close(fd);
	return NULL;
}

/* By whatever way a program has: fork, posix_spawn, popen. */
static void start_children(void)
{
	char *argv[] = { "sleep", "1000", NULL };
	pid_t pid;

	for (int i = 0; i < STUBBORN_CHILDREN; i++)
		if (fork() == 0) {
			signal(SIGTERM, SIG_IGN);
			for (;;)
				pause();
		}
	for (int i = 0; i < SPAWNED; i++)
		if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
			abort();
	if (!popen("exec sleep 1000", "r"))
		abort();
}

int main(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd, listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(sin);
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&lost);
	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) ||
	    listen(listener, 1024) ||
	    getsockname(listener, (struct sockaddr *)&sin, &len))
		return 1;
	start_children();
	printf("listening on %d\n", ntohs(sin.sin_port));
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		if (pthread_create(&t, &attr, echo, (void *)(intptr_t)fd))
			abort();
	return 3;
}
