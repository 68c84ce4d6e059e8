/* SPDX-License-Identifier: BSD-2-Clause */
/* EPIPE, ECONNRESET and end of file, also for threads already waiting. */
#include "io-net.h"

static void close_pair(int fd[2])
{
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
}

static void *reads_to_end(void *arg)
{
	char c;

	CHECK_EQ(read(*(int *)arg, &c, 1), 0);
	return NULL;
}

/* Blocked in a write that the reader's close ends. */
static void *writes_to_nobody(void *arg)
{
	static char buf[4 << 20];
	ssize_t n;

	/* What was taken before counts; then there is the error. */
	n = write(*(int *)arg, buf, sizeof buf);
	CHECK(n < (ssize_t)sizeof buf);
	CHECK_ERRNO(write(*(int *)arg, buf, 1), EPIPE);
	return NULL;
}

static void check_both(int fd[2])
{
	pthread_t t = check_spawn(reads_to_end, &fd[0]);

	check_msleep(20);
	CHECK_EQ(close(fd[1]), 0);
	check_join(t);
	CHECK_EQ(close(fd[0]), 0);
}

static void check_writer(int fd[2])
{
	pthread_t t = check_spawn(writes_to_nobody, &fd[1]);

	check_msleep(50);
	CHECK_EQ(close(fd[0]), 0);
	check_join(t);
	CHECK_EQ(close(fd[1]), 0);
}

static void *is_reset(void *arg)
{
	char c;

	CHECK_ERRNO(read(*(int *)arg, &c, 1), ECONNRESET);
	/* It is told once; then the stream has just ended. */
	CHECK_EQ(read(*(int *)arg, &c, 1), 0);
	CHECK_ERRNO(send(*(int *)arg, &c, 1, MSG_NOSIGNAL), EPIPE);
	return NULL;
}

static void check_reset(void)
{
	struct linger linger = { 1, 0 };
	pthread_t t;
	int fd[2];

	net_pair(fd);
	t = check_spawn(is_reset, &fd[0]);
	check_msleep(20);
	CHECK_EQ(setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &linger,
			    sizeof linger), 0);
	CHECK_EQ(close(fd[1]), 0);
	check_join(t);
	CHECK_EQ(close(fd[0]), 0);
}

/* shutdown() by another thread ends a read and an accept that wait. */
static void *accept_ends(void *arg)
{
	CHECK_ERRNO(accept(*(int *)arg, NULL, NULL), EINVAL);
	return NULL;
}

static void check_shutdown(void)
{
	int fd[2], l = net_listen(4);
	pthread_t t;

	net_pair(fd);
	t = check_spawn(reads_to_end, &fd[0]);
	check_msleep(20);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	check_join(t);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_ERRNO(send(fd[0], "x", 1, 0), EPIPE);
	t = check_spawn(reads_to_end, &fd[1]);
	check_join(t);
	close_pair(fd);
	t = check_spawn(accept_ends, &l);
	check_msleep(20);
	CHECK_EQ(shutdown(l, SHUT_RDWR), 0);
	check_join(t);
	CHECK_EQ(close(l), 0);
}

int main(void)
{
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(pipe(fd), 0);
	check_both(fd);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	check_both(fd);
	net_pair(fd);
	check_both(fd);
	CHECK_EQ(pipe(fd), 0);
	check_writer(fd);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	check_writer(fd);
	check_reset();
	check_shutdown();
	puts("ends seen");
	return 0;
}
