/* SPDX-License-Identifier: BSD-2-Clause */
/* A descriptor the program made non-blocking gives EAGAIN, however made. */
#include "io-net.h"

#include <sys/ioctl.h>
#include <sys/uio.h>

static void check_read_end(int fd)
{
	char buf[8];
	struct iovec iov = { buf, 8 };

	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK_ERRNO(read(fd, buf, 8), EAGAIN);
	CHECK_ERRNO(readv(fd, &iov, 1), EAGAIN);
}

static void check_socket(int fd)
{
	char buf[8];
	struct iovec iov = { buf, 8 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	check_read_end(fd);
	CHECK_ERRNO(recv(fd, buf, 8, 0), EAGAIN);
	CHECK_ERRNO(recv(fd, buf, 8, MSG_WAITALL), EAGAIN);
	CHECK_ERRNO(recvfrom(fd, buf, 8, 0, NULL, NULL), EAGAIN);
	CHECK_ERRNO(recvmsg(fd, &msg, 0), EAGAIN);
}

static void check_write_end(int fd)
{
	static char buf[1 << 20];
	ssize_t n, total = 0;

	while ((n = write(fd, buf, sizeof buf)) > 0)
		total += n;
	CHECK_EQ(n, -1);
	CHECK(total > 0);
	CHECK_ERRNO(write(fd, buf, sizeof buf), EAGAIN);
}

static void set(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	CHECK_EQ(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK :
		       flags & ~O_NONBLOCK), 0);
}

static void *writes_later(void *arg)
{
	check_msleep(30);
	check_write(*(int *)arg, "x", 1);
	return NULL;
}

/* Cleared again, it blocks again. */
static void check_blocks(int in, int out)
{
	pthread_t t = check_spawn(writes_later, &out);
	char c;

	CHECK_EQ(read(in, &c, 1), 1);
	check_join(t);
}

static void *run(void *arg)
{
	int p[2], s[2], l, copy, on = 1, off = 0;
	pthread_t t;

	CHECK_EQ(pipe2(p, O_NONBLOCK), 0);
	check_read_end(p[0]);
	check_write_end(p[1]);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);

	CHECK_EQ(pipe(p), 0);
	check_blocks(p[0], p[1]);
	set(p[0], 1);
	check_read_end(p[0]);
	/* A duplicate shares the flag, and one made to it shows here. */
	copy = dup(p[0]);
	check_read_end(copy);
	set(copy, 0);
	check_blocks(p[0], p[1]);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(ioctl(copy, FIONBIO, &on), 0);
	check_read_end(copy);
	CHECK_EQ(ioctl(copy, FIONBIO, &off), 0);
	check_blocks(copy, p[1]);
	CHECK_EQ(close(copy), 0);
	CHECK_EQ(close(p[1]), 0);

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s), 0);
	check_socket(s[0]);
	check_write_end(s[1]);
	CHECK_EQ(close(s[0]), 0);
	CHECK_EQ(close(s[1]), 0);

	l = net_listen(4);
	set(l, 1);
	CHECK_ERRNO(accept(l, NULL, NULL), EAGAIN);
	CHECK_ERRNO(accept4(l, NULL, NULL, SOCK_CLOEXEC), EAGAIN);
	set(l, 0);
	s[0] = net_connect(net_port(l));
	s[1] = accept4(l, NULL, NULL, SOCK_NONBLOCK);
	check_socket(s[1]);
	t = check_spawn(writes_later, &s[1]);
	CHECK_EQ(read(s[0], &on, 1), 1);
	check_join(t);
	CHECK_EQ(close(l), 0);
	CHECK_EQ(close(s[0]), 0);
	CHECK_EQ(close(s[1]), 0);
	return arg;
}

int main(void)
{
	run(NULL);
	check_join(check_spawn(run, NULL));
	puts("EAGAIN where asked for");
	return 0;
}
