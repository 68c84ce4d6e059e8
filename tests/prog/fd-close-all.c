/* SPDX-License-Identifier: BSD-2-Clause */
/* Every descriptor from 3 up is closed, in three ways: threads still work. */
#include "check.h"

#include <poll.h>
#include <semaphore.h>

#define PAIRS 8

static sem_t go;

/* Descriptors are the lowest that are free. */
static void *use_pipe(void *arg)
{
	struct pollfd pfd;
	char c = 'x';
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(p[0], 3);
	CHECK_EQ(p[1], 4);
	check_write(p[1], &c, 1);
	check_read(p[0], &c, 1);
	pfd = (struct pollfd){ p[0], POLLIN, 0 };
	CHECK_EQ(poll(&pfd, 1, 10), 0);
	check_msleep(1);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);
	return arg;
}

static void *echo(void *arg)
{
	int *fd = arg;
	char c;

	do {
		check_read(fd[0], &c, 1);
		check_write(fd[3], &c, 1);
	} while (c != 'q');
	return NULL;
}

/* Threads that block in reads and are woken by writes. */
static void talk(void)
{
	int fd[PAIRS][4], i, k;
	pthread_t t[PAIRS];
	char c;

	for (i = 0; i < PAIRS; i++) {
		CHECK_EQ(pipe(fd[i]), 0);
		CHECK_EQ(pipe(fd[i] + 2), 0);
		t[i] = check_spawn(echo, fd[i]);
	}
	for (k = 0; k < 20; k++)
		for (i = 0; i < PAIRS; i++) {
			check_write(fd[i][1], k == 19 ? "q" : "x", 1);
			check_read(fd[i][2], &c, 1);
			CHECK_EQ(c, k == 19 ? 'q' : 'x');
		}
	for (i = 0; i < PAIRS; i++) {
		check_join(t[i]);
		for (k = 0; k < 4; k++)
			CHECK_EQ(close(fd[i][k]), 0);
	}
}

static void close_loop(void)
{
	int fd;

	for (fd = 3; fd < 3000; fd++)
		close(fd);
}

static void close_from(void)
{
	closefrom(3);
}

static void close_the_range(void)
{
	CHECK_EQ(close_range(3, ~0U, 0), 0);
}

static void *stay(void *arg)
{
	CHECK_EQ(sem_wait(&go), 0);
	use_pipe(NULL);
	return arg;
}

static void *close_in_thread(void *arg)
{
	void (*const *way)(void) = arg;

	(*way)();
	use_pipe(NULL);
	talk();
	return NULL;
}

int main(void)
{
	static void (*const ways[])(void) = {
		close_loop, close_from, close_the_range,
	};
	pthread_t t;
	size_t i;

	close_the_range();
	CHECK_EQ(sem_init(&go, 0, 0), 0);
	check_join(check_spawn(use_pipe, NULL));
	for (i = 0; i < sizeof ways / sizeof *ways; i++) {
		t = check_spawn(stay, NULL);
		talk();
		ways[i]();
		use_pipe(NULL);
		check_join(check_spawn(use_pipe, NULL));
		CHECK_EQ(sem_post(&go), 0);
		check_join(t);
		talk();
		check_join(check_spawn(close_in_thread, (void *)&ways[i]));
	}
	puts("closed three ways");
	return 0;
}
