/* SPDX-License-Identifier: BSD-2-Clause */
/* SO_RCVTIMEO and SO_SNDTIMEO: EAGAIN after the time, not before it. */
#include "io-net.h"

#include <sys/uio.h>

static void set_timeout(int fd, int option, long ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, option, &tv, sizeof tv), 0);
}

/* Kernel time-outs count in ticks: allow for one tick less. */
static void check_time(long long start, long ms)
{
	long long took = check_now(CLOCK_MONOTONIC) - start;

	if (took < (ms - 11) * CHECK_MS)
		check_fail("back after %lld ns, not %ld ms", took, ms);
}

static void *receives(void *arg)
{
	struct timeval tv = { 9, 9 };
	socklen_t len = sizeof tv;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	long long start;
	char buf[8];
	int fd[2];

	if (arg)
		net_pair(fd);
	else
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	iov = (struct iovec){ buf, sizeof buf };
	set_timeout(fd[0], SO_RCVTIMEO, 60);
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
	CHECK_EQ(tv.tv_sec, 0);
	CHECK(tv.tv_usec >= 60000 && tv.tv_usec < 75000);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(recv(fd[0], buf, 1, 0), EAGAIN);
	check_time(start, 60);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(read(fd[0], buf, 1), EAGAIN);
	check_time(start, 60);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(recvmsg(fd[0], &msg, 0), EAGAIN);
	check_time(start, 60);
	CHECK_ERRNO(readv(fd[0], &iov, 1), EAGAIN);

	/* What came before the time-out of MSG_WAITALL is returned. */
	CHECK_EQ(send(fd[1], "abc", 3, 0), 3);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(recv(fd[0], buf, 8, MSG_WAITALL), 3);
	check_time(start, 60);
	CHECK_EQ(fcntl(fd[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return NULL;
}

static void *sends(void *arg)
{
	char *buf = calloc(1, 16 << 20);
	long long start;
	ssize_t n;
	int fd[2];

	CHECK(buf != NULL);
	if (arg)
		net_pair(fd);
	else
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	set_timeout(fd[0], SO_SNDTIMEO, 60);
	start = check_now(CLOCK_MONOTONIC);
	/* It sends what there is room for, then times out. */
	n = send(fd[0], buf, 16 << 20, 0);
	CHECK(n > 0 && n < 16 << 20);
	check_time(start, 60);
	/* Fill what is left: from then on nothing goes in. */
	while (send(fd[0], buf, 4096, MSG_DONTWAIT) > 0)
		;
	start = check_now(CLOCK_MONOTONIC);
	CHECK_ERRNO(write(fd[0], buf, 1 << 20), EAGAIN);
	check_time(start, 60);
	free(buf);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return NULL;
}

/* SO_RCVTIMEO of a listening socket is that of accept. */
static void *accepts(void *arg)
{
	int l = net_listen(1);
	long long start = check_now(CLOCK_MONOTONIC);

	set_timeout(l, SO_RCVTIMEO, 60);
	CHECK_ERRNO(accept(l, NULL, NULL), EAGAIN);
	check_time(start, 60);
	CHECK_EQ(close(l), 0);
	return arg;
}

int main(void)
{
	static void *(*const fn[])(void *) = { receives, sends, accepts };
	pthread_t t[12];

	for (long i = 0; i < 12; i++)
		t[i] = check_spawn(fn[i % 3], (void *)(i % 2));
	for (int i = 0; i < 12; i++)
		check_join(t[i]);
	puts("timed out in time");
	return 0;
}
