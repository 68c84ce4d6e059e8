/* SPDX-License-Identifier: BSD-2-Clause */
/* connect: refused, already connected, non-blocking, bad arguments. */
#include "io-net.h"

#include <poll.h>

static unsigned short free_port;

static void *refused(void *arg)
{
	struct sockaddr_in a = net_address(free_port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), error = -1;
	socklen_t len = sizeof error;

	CHECK_ERRNO(connect(fd, (struct sockaddr *)&a, sizeof a),
		    ECONNREFUSED);
	/* The error was told; it is not pending any more. */
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	CHECK_EQ(error, 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(close(fd), 0);
	return arg;
}

/* The program's own non-blocking connect stays one. */
static void *non_blocking(void *arg)
{
	int l = net_listen(4), error = -1;
	struct sockaddr_in a = net_address(net_port(l));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof error;
	int rc = connect(fd, (struct sockaddr *)&a, sizeof a) ? errno : 0;

	CHECK(rc == 0 || rc == EINPROGRESS);
	CHECK_EQ(poll(&p, 1, 30000), 1);
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	CHECK_EQ(error, 0);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(l), 0);
	return arg;
}

static void *bad_arguments(void *arg)
{
	struct sockaddr_in a = net_address(free_port);
	int pair[2], p[2], s = socket(AF_INET, SOCK_STREAM, 0);

	net_pair(pair);
	CHECK_EQ(pipe(p), 0);
	CHECK_ERRNO(connect(pair[0], (struct sockaddr *)&a, sizeof a),
		    EISCONN);
	CHECK_ERRNO(connect(-1, (struct sockaddr *)&a, sizeof a), EBADF);
	CHECK_ERRNO(connect(p[0], (struct sockaddr *)&a, sizeof a), ENOTSOCK);
	CHECK_ERRNO(connect(s, (struct sockaddr *)&a, 3), EINVAL);
	CHECK_ERRNO(connect(s, check_bad_pointer(), sizeof a), EFAULT);
	a.sin_family = 200;
	CHECK_ERRNO(connect(s, (struct sockaddr *)&a, sizeof a),
		    EAFNOSUPPORT);
	CHECK_ERRNO(accept(s, NULL, NULL), EINVAL);
	CHECK_ERRNO(accept(p[0], NULL, NULL), ENOTSOCK);
	CHECK_ERRNO(accept(-1, NULL, NULL), EBADF);
	CHECK_ERRNO(accept4(s, NULL, NULL, 0x40000000), EINVAL);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(close(pair[i]), 0);
		CHECK_EQ(close(p[i]), 0);
	}
	CHECK_EQ(close(s), 0);
	return arg;
}

static struct sockaddr_in busy;
static int connecting, coming;

static void *waits_to_connect(void *arg)
{
	check_step(&coming);
	CHECK_ERRNO(connect(connecting, (struct sockaddr *)&busy, sizeof busy),
		    ECONNRESET);
	return arg;
}

/* Another thread gives up for the one that waits; then the socket is new. */
static void shut_down(void)
{
	int l = net_listen(0), other = net_listen(4), fd[3];
	struct sockaddr_in a = net_address(net_port(other));
	pthread_t t;

	busy = net_address(net_port(l));
	for (int i = 0; i < 3; i++) { /* there is no room any more */
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd[i], (struct sockaddr *)&busy, sizeof busy);
	}
	connecting = socket(AF_INET, SOCK_STREAM, 0);
	t = check_spawn(waits_to_connect, NULL);
	while (!__atomic_load_n(&coming, __ATOMIC_SEQ_CST))
		check_msleep(1);
	check_msleep(100);
	CHECK_EQ(shutdown(connecting, SHUT_RDWR), 0);
	check_join(t);
	CHECK_EQ(connect(connecting, (struct sockaddr *)&a, sizeof a), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(close(fd[i]), 0);
	CHECK_EQ(close(connecting), 0);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(close(l), 0);
}

int main(void)
{
	pthread_t t[20];
	/* Bound but not listening: nobody else can get this port. */
	int bound = net_bind(SOCK_STREAM);

	free_port = net_port(bound);
	for (int i = 0; i < 20; i++)
		t[i] = check_spawn(i % 2 ? refused : non_blocking, NULL);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	check_join(check_spawn(bad_arguments, NULL));
	shut_down();
	CHECK_EQ(close(bound), 0);
	puts("connect errors seen");
	return 0;
}
