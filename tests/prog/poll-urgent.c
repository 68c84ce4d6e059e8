/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll for urgent data too, again and again: in many threads, in a child that
 * is forked meanwhile and polls as well, and beside descriptors that are closed
 * while a copy of them is open.
 */
#include "check.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { PAIRS = 16, ROUNDS = 200, CHILDREN = 4 };

struct pair {
	int fd[2];
	int rounds;
};

static void await(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLPRI, 0 };
	char c;

	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(read(fd, &c, 1), 1);
}

static void *asks(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < p->rounds; i++) {
		check_write(p->fd[0], "?", 1);
		await(p->fd[0]);
	}
	return arg;
}

static void *answers(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < p->rounds; i++) {
		await(p->fd[1]);
		check_write(p->fd[1], "!", 1);
	}
	return arg;
}

static void talk(int pairs, int rounds)
{
	struct pair p[PAIRS];
	pthread_t t[2 * PAIRS];

	for (int i = 0; i < pairs; i++) {
		p[i].rounds = rounds;
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p[i].fd), 0);
		CHECK_OK(pthread_create(&t[2 * i], NULL, asks, &p[i]));
		CHECK_OK(pthread_create(&t[2 * i + 1], NULL, answers, &p[i]));
	}
	for (int i = 0; i < 2 * pairs; i++)
		CHECK_OK(pthread_join(t[i], NULL));
	for (int i = 0; i < pairs; i++) {
		close(p[i].fd[0]);
		close(p[i].fd[1]);
	}
}

/* What a child does with sets that its parent uses would show in either. */
static void *forks(void *arg)
{
	int status;

	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			talk(2, 20);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	return arg;
}

static long cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One that is closed, and readable by its copy, keeps nobody busy. */
static void *polls_closed(void *arg)
{
	struct pollfd p = { .events = POLLPRI };
	int fd[2], copy;
	long cpu;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	p.fd = fd[0];
	CHECK_EQ(poll(&p, 1, 20), 0);
	copy = dup(fd[0]);
	CHECK(copy >= 0);
	close(fd[0]);
	check_write(fd[1], "x", 1);
	p.fd = fd[1];
	cpu = cpu_ms();
	CHECK_EQ(poll(&p, 1, 300), 0);
	CHECK(cpu_ms() - cpu < 150);
	close(copy);
	close(fd[1]);
	return arg;
}

int main(void)
{
	pthread_t t;

	CHECK_OK(pthread_create(&t, NULL, forks, NULL));
	talk(PAIRS, ROUNDS);
	CHECK_OK(pthread_join(t, NULL));
	CHECK_OK(pthread_create(&t, NULL, polls_closed, NULL));
	CHECK_OK(pthread_join(t, NULL));
	puts("all were told");
	return 0;
}
