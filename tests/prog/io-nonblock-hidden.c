/* SPDX-License-Identifier: BSD-2-Clause */
/* O_NONBLOCK is never seen on a description that nobody set it on. */
#include "io-net.h"

#include <sys/wait.h>

enum { PIPE, UNIX, TCP, KINDS };

static int fd[KINDS][2];
static int listener;
static volatile int stop;

static void check_flags(int f)
{
	int flags = fcntl(f, F_GETFL);

	CHECK(flags >= 0);
	if (flags & O_NONBLOCK)
		check_fail("descriptor %d is non-blocking", f);
}

static void check_all(void)
{
	for (int k = 0; k < KINDS; k++) {
		check_flags(fd[k][0]);
		check_flags(fd[k][1]);
	}
	check_flags(listener);
	check_flags(0);
	check_flags(1);
	check_flags(2);
}

/* The child shares the descriptions; it looks as long as we live. */
static pid_t start_watcher(int end)
{
	pid_t pid = fork();
	char c;

	CHECK(pid >= 0);
	if (pid != 0)
		return pid;
	while (recv(end, &c, 1, MSG_DONTWAIT) < 0) {
		check_all();
		usleep(200);
	}
	_exit(0);
}

static void *blocks_in_read(void *arg)
{
	int k = (int)(long)arg;
	char c;

	for (int i = 0; i < 10; i++)
		check_read(fd[k][0], &c, 1);
	return NULL;
}

static void *blocks_in_accept(void *arg)
{
	for (int i = 0; i < 10; i++) {
		int f = accept(listener, NULL, NULL);

		CHECK(f >= 0);
		check_flags(f);
		CHECK_EQ(close(f), 0);
	}
	return arg;
}

static void *looks(void *arg)
{
	while (!stop) {
		check_all();
		usleep(100);
	}
	return arg;
}

int main(void)
{
	pthread_t t[KINDS + 1], looker;
	int watch[2], status;
	pid_t pid;

	CHECK_EQ(pipe(fd[PIPE]), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[UNIX]), 0);
	net_pair(fd[TCP]);
	listener = net_listen(4);
	if (fcntl(0, F_GETFL) & O_NONBLOCK || fcntl(1, F_GETFL) & O_NONBLOCK ||
	    fcntl(2, F_GETFL) & O_NONBLOCK)
		return CHECK_SKIPPED;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, watch), 0);
	pid = start_watcher(watch[1]);
	for (long k = 0; k < KINDS; k++)
		t[k] = check_spawn(blocks_in_read, (void *)k);
	t[KINDS] = check_spawn(blocks_in_accept, NULL);
	looker = check_spawn(looks, NULL);
	for (int i = 0; i < 10; i++) {
		check_msleep(10);
		for (int k = 0; k < KINDS; k++)
			check_write(fd[k][1], "x", 1);
		int f = net_connect(net_port(listener));
		check_flags(f);
		CHECK_EQ(close(f), 0);
	}
	for (int k = 0; k <= KINDS; k++)
		check_join(t[k]);
	stop = 1;
	check_join(looker);
	check_write(watch[0], "x", 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	puts("never seen");
	return 0;
}
