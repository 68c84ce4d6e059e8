/* SPDX-License-Identifier: BSD-2-Clause */
/* Unix socket pairs: stream, seqpacket and dgram, and their boundaries. */
#include "check.h"

#include <sys/socket.h>

static int fd[2];

static void *sends_two(void *arg)
{
	check_msleep(30);
	CHECK_EQ(send(fd[1], "first", 5, 0), 5);
	CHECK_EQ(write(fd[1], "2nd", 3), 3);
	return arg;
}

static void *echoes(void *arg)
{
	char buf[64];
	ssize_t n;

	while ((n = recv(fd[1], buf, sizeof buf, 0)) > 0)
		CHECK_EQ(send(fd[1], buf, (size_t)n, 0), n);
	CHECK_EQ(n, 0);
	return arg;
}

/* Messages keep their ends; what does not fit a read is thrown away. */
static void check_messages(int type)
{
	char buf[64];
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, type, 0, fd), 0);
	t = check_spawn(sends_two, NULL);
	CHECK_EQ(recv(fd[0], buf, 2, 0), 2);
	CHECK_EQ(memcmp(buf, "fi", 2), 0);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 3);
	CHECK_EQ(memcmp(buf, "2nd", 3), 0);
	check_join(t);

	/* MSG_TRUNC gives the real length; an empty message is one too. */
	CHECK_EQ(send(fd[1], "longer", 6, 0), 6);
	CHECK_EQ(recv(fd[0], buf, 1, MSG_TRUNC), 6);
	CHECK_EQ(send(fd[1], "", 0, 0), 0);
	CHECK_EQ(recv(fd[0], buf, sizeof buf, 0), 0);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
}

static void check_stream(void)
{
	char buf[64];
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	t = check_spawn(echoes, NULL);
	for (int i = 0; i < 1000; i++) {
		CHECK_EQ(send(fd[0], &i, sizeof i, 0), sizeof i);
		check_read(fd[0], buf, sizeof i);
		CHECK_EQ(memcmp(buf, &i, sizeof i), 0);
	}
	/* Half-close: the other side reads 0, what it sent still comes. */
	CHECK_EQ(send(fd[0], "bye", 3, 0), 3);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	check_read(fd[0], buf, 3);
	check_join(t);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 0);
	CHECK_EQ(close(fd[0]), 0);
}

int main(void)
{
	check_messages(SOCK_SEQPACKET);
	check_messages(SOCK_DGRAM);
	check_stream();
	puts("messages and streams");
	return 0;
}
