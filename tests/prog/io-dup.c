/* SPDX-License-Identifier: BSD-2-Clause */
/* dup, dup2, dup3 and F_DUPFD, also over a number that was in use. */
#include "io-net.h"

static int a[2], b[2];

static void *writes_later(void *arg)
{
	check_msleep(20);
	check_write(*(int *)arg, "z", 1);
	return NULL;
}

/* A blocking read on in is answered by out. */
static void check_joined(int in, int out)
{
	pthread_t t = check_spawn(writes_later, &out);
	char c = 0;

	CHECK_EQ(read(in, &c, 1), 1);
	CHECK_EQ(c, 'z');
	check_join(t);
}

static void *run(void *arg)
{
	char c;
	int d;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	CHECK_EQ(pipe(b), 0);
	check_joined(a[0], a[1]);
	check_joined(b[0], b[1]);

	d = dup(a[0]);
	CHECK(d > a[0]);
	check_joined(d, a[1]);
	/* Closing one leaves the other as it was. */
	CHECK_EQ(close(a[0]), 0);
	check_joined(d, a[1]);

	/* The socket's number becomes the pipe, and back. */
	CHECK_EQ(dup2(b[0], d), d);
	check_joined(d, b[1]);
	CHECK_EQ(read(a[1], &c, 1), 0);
	CHECK_EQ(close(a[1]), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	CHECK_EQ(dup3(a[0], d, O_CLOEXEC), d);
	CHECK_EQ(fcntl(d, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(close(a[0]), 0);
	check_joined(d, a[1]);
	check_joined(b[0], b[1]);

	/* Over itself nothing happens, for dup3 an error. */
	CHECK_EQ(dup2(d, d), d);
	CHECK_EQ(fcntl(d, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(dup3(d, d, 0), EINVAL);
	check_joined(d, a[1]);

	CHECK_ERRNO(dup2(-1, d), EBADF);
	CHECK_ERRNO(dup2(d, -1), EBADF);
	CHECK_ERRNO(dup(-1), EBADF);
	CHECK_ERRNO(dup3(d, d + 1, 0x40000000), EINVAL);
	check_joined(d, a[1]);

	a[0] = fcntl(d, F_DUPFD, 200);
	CHECK(a[0] >= 200);
	CHECK_EQ(fcntl(a[0], F_GETFD), 0);
	check_joined(a[0], a[1]);
	CHECK_EQ(close(a[0]), 0);
	a[0] = fcntl(d, F_DUPFD_CLOEXEC, 200);
	CHECK_EQ(fcntl(a[0], F_GETFD), FD_CLOEXEC);
	check_joined(a[0], a[1]);
	CHECK_EQ(close(a[0]), 0);
	CHECK_EQ(close(a[1]), 0);
	CHECK_EQ(close(d), 0);
	CHECK_EQ(close(b[0]), 0);
	CHECK_EQ(close(b[1]), 0);
	return arg;
}

int main(void)
{
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("copies work");
	return 0;
}
