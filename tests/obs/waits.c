/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread for each kind of wait, for the tests of zagctl: says "ready" when
 * all of them wait, ends when its standard input does.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static int ends[2], sockets[2];
static pthread_t sleeper;

static void *in_read(void *arg)
{
	char byte;

	return read(ends[0], &byte, 1) == 2 ? arg : NULL;
}

static void *in_recv(void *arg)
{
	char byte;

	return recv(sockets[0], &byte, 1, 0) == 2 ? arg : NULL;
}

static void *in_poll(void *arg)
{
	struct pollfd p = { .fd = ends[0], .events = POLLIN };

	return poll(&p, 1, -1) == 2 ? arg : NULL;
}

static void *in_mutex(void *arg)
{
	pthread_mutex_lock(&held);
	return arg;
}

static void *in_cond(void *arg)
{
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	return arg;
}

static void *in_rwlock(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	return arg;
}

static void *in_sem(void *arg)
{
	sem_wait(&sem);
	return arg;
}

static void *in_sleep(void *arg)
{
	sleep(1000);
	return arg;
}

static void *in_join(void *arg)
{
	pthread_join(sleeper, NULL);
	return arg;
}

static void start(const char *name, void *(*fn)(void *))
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, NULL))
		exit(1);
	pthread_setname_np(t, name);
	if (fn == in_sleep)
		sleeper = t;
}

int main(void)
{
	char byte;

	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) ||
	    sem_init(&sem, 0, 0))
		return 1;
	pthread_mutex_lock(&held);
	pthread_rwlock_wrlock(&rwlock);
	start("sleep", in_sleep);
	start("read", in_read);
	start("recv", in_recv);
	start("poll", in_poll);
	start("mutex", in_mutex);
	start("cond", in_cond);
	start("rwlock", in_rwlock);
	start("sem", in_sem);
	start("join", in_join);
	usleep(100000);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}
