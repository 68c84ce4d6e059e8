/* SPDX-License-Identifier: BSD-2-Clause */
/* MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT and SO_RCVLOWAT on a stream. */
#include "io-net.h"

static int fd[2];

static void *sends_in_parts(void *arg)
{
	int last = (int)(long)arg;

	for (int i = 0; i < last; i++) {
		check_msleep(10);
		CHECK_EQ(send(fd[1], &"0123456789"[i % 10], 1, 0), 1);
	}
	if (last < 10)
		CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	return NULL;
}

static void check_peek(void)
{
	char buf[16];
	pthread_t t = check_spawn(sends_in_parts, (void *)10);

	/* Peeking blocks as a read does, and takes nothing. */
	CHECK(recv(fd[0], buf, 1, MSG_PEEK) == 1);
	CHECK_EQ(buf[0], '0');
	CHECK_EQ(recv(fd[0], buf, 1, MSG_PEEK), 1);
	CHECK_EQ(buf[0], '0');
	check_join(t);
	CHECK_EQ(recv(fd[0], buf, 16, MSG_PEEK), 10);
	CHECK_EQ(recv(fd[0], buf, 16, 0), 10);
	CHECK_EQ(memcmp(buf, "0123456789", 10), 0);
	CHECK_ERRNO(recv(fd[0], buf, 16, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	CHECK_ERRNO(recv(fd[0], buf, 16, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(fcntl(fd[0], F_GETFL) & O_NONBLOCK, 0);
}

/* socket(7): MSG_WAITALL returns less only at the end, or on an error. */
static void check_waitall(void)
{
	char buf[16];
	pthread_t t = check_spawn(sends_in_parts, (void *)10);

	CHECK_EQ(recv(fd[0], buf, 10, MSG_WAITALL), 10);
	CHECK_EQ(memcmp(buf, "0123456789", 10), 0);
	check_join(t);
	t = check_spawn(sends_in_parts, (void *)5);
	CHECK_EQ(recv(fd[0], buf, 10, MSG_WAITALL), 5);
	CHECK_EQ(recv(fd[0], buf, 10, MSG_WAITALL), 0);
	check_join(t);
}

static void check_waitall_msg(void)
{
	char a[4], b[6];
	struct iovec iov[2] = { { a, 4 }, { b, 6 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	pthread_t t = check_spawn(sends_in_parts, (void *)10);

	CHECK_EQ(recvmsg(fd[0], &msg, MSG_WAITALL), 10);
	CHECK_EQ(memcmp(a, "0123", 4), 0);
	CHECK_EQ(memcmp(b, "456789", 6), 0);
	check_join(t);
}

static void close_pair(void)
{
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
}

int main(void)
{
	for (int tcp = 0; tcp < 2; tcp++) {
		if (tcp)
			net_pair(fd);
		else
			CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		check_peek();
		check_waitall_msg();
		check_waitall();
		close_pair();
	}
	puts("flags honoured");
	return 0;
}
