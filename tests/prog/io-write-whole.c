/* SPDX-License-Identifier: BSD-2-Clause */
/* One blocking write of 8 MB returns whole, however slow the reader is. */
#include "check.h"

#include <sys/socket.h>
#include <sys/uio.h>

#define SIZE (8 * 1024 * 1024)

static unsigned char *data;

struct reader {
	int fd;
	size_t seen;
};

/* Byte i of the stream is data[i]; reads of odd sizes, now and then late. */
static void *reads_slowly(void *arg)
{
	static const size_t sizes[] = { 1, 100, 4096, 5000, 65536, 333333 };
	struct reader *r = arg;
	char *buf = malloc(333333);
	ssize_t n;

	CHECK(buf != NULL);
	for (int i = 0;; i++) {
		if (i % 16 == 0)
			usleep(200);
		n = read(r->fd, buf, sizes[i % 6]);
		if (n == 0)
			break;
		CHECK(n > 0);
		CHECK(r->seen + (size_t)n <= SIZE);
		CHECK_EQ(memcmp(buf, data + r->seen, (size_t)n), 0);
		r->seen += (size_t)n;
	}
	free(buf);
	return NULL;
}

static ssize_t by_writev(int fd)
{
	struct iovec iov[4];

	for (int i = 0; i < 4; i++)
		iov[i] = (struct iovec){ data + i * (SIZE / 4), SIZE / 4 };
	return writev(fd, iov, 4);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec iov[2] = {
		{ data, 12345 }, { data + 12345, SIZE - 12345 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sendmsg(fd, &msg, 0);
}

static ssize_t by_write(int fd)
{
	return write(fd, data, SIZE);
}

static ssize_t by_send(int fd)
{
	return send(fd, data, SIZE, 0);
}

static void run(int in, int out, ssize_t (*put)(int fd))
{
	struct reader r = { in, 0 };
	pthread_t t = check_spawn(reads_slowly, &r);

	/*
	 * POSIX write(), pipe with O_NONBLOCK clear: "a write request may
	 * cause the thread to block, but on normal completion it shall return
	 * nbyte"; sockets on Linux do the same.
	 */
	CHECK_EQ(put(out), SIZE);
	CHECK_EQ(close(out), 0);
	check_join(t);
	CHECK_EQ(r.seen, SIZE);
	CHECK_EQ(close(in), 0);
}

int main(void)
{
	int fd[2];

	data = malloc(SIZE);
	CHECK(data != NULL);
	for (unsigned i = 0, x = 1; i < SIZE; i++) {
		x = x * 1103515245 + 12345;
		data[i] = (unsigned char)(x >> 16);
	}
	CHECK_EQ(pipe(fd), 0);
	run(fd[0], fd[1], by_write);
	CHECK_EQ(pipe(fd), 0);
	run(fd[0], fd[1], by_writev);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	run(fd[0], fd[1], by_write);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	run(fd[0], fd[1], by_send);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	run(fd[0], fd[1], by_writev);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	run(fd[0], fd[1], by_sendmsg);
	free(data);
	puts("each write was whole");
	return 0;
}
