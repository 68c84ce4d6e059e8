/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmsg and recvmsg: vectors, addresses, descriptors (SCM_RIGHTS). */
#include "io-net.h"

#include <sys/uio.h>

static int pair[2];

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void send_fd(int fd)
{
	struct iovec iov[2] = { { "with", 4 }, { "fd", 2 } };
	union control c = { { 0 } };
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = c.bytes, .msg_controllen = sizeof c.bytes,
	};
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(h), &fd, sizeof fd);
	CHECK_EQ(sendmsg(pair[1], &msg, 0), 6);
}

static int receive_fd(void)
{
	char a[3], b[10];
	struct iovec iov[2] = { { a, 3 }, { b, 10 } };
	union control c;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = c.bytes, .msg_controllen = sizeof c.bytes,
	};
	struct cmsghdr *h;
	int fd;

	CHECK_EQ(recvmsg(pair[0], &msg, MSG_CMSG_CLOEXEC), 6);
	CHECK_EQ(memcmp(a, "wit", 3), 0);
	CHECK_EQ(memcmp(b, "hfd", 3), 0);
	h = CMSG_FIRSTHDR(&msg);
	CHECK(h != NULL);
	CHECK_EQ(h->cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(h), sizeof fd);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	return fd;
}

/* Sends one end of a pipe, then closes it; the copy must work. */
static void *sends(void *arg)
{
	int p[2];

	check_msleep(20);
	for (int i = 0; i < 50; i++) {
		CHECK_EQ(pipe(p), 0);
		send_fd(p[0]);
		CHECK_EQ(close(p[0]), 0);
		check_write(p[1], &i, sizeof i);
		CHECK_EQ(close(p[1]), 0);
	}
	return arg;
}

static void check_fds(void)
{
	pthread_t t = check_spawn(sends, NULL);

	for (int i = 0; i < 50; i++) {
		int fd = receive_fd(), seen = -1;

		check_read(fd, &seen, sizeof seen);
		CHECK_EQ(seen, i);
		CHECK_EQ(read(fd, &seen, 1), 0);
		CHECK_EQ(close(fd), 0);
	}
	check_join(t);
}

static void check_address(void)
{
	int a = net_bind(SOCK_DGRAM), b = net_bind(SOCK_DGRAM);
	struct sockaddr_in to = net_address(net_port(b)), from = { 0 };
	char buf[4];
	struct iovec out = { "longer than four", 16 }, in = { buf, 4 };
	struct msghdr send = {
		.msg_name = &to, .msg_namelen = sizeof to,
		.msg_iov = &out, .msg_iovlen = 1,
	}, receive = {
		.msg_name = &from, .msg_namelen = sizeof from,
		.msg_iov = &in, .msg_iovlen = 1,
	};

	CHECK_EQ(sendmsg(a, &send, 0), 16);
	CHECK_EQ(recvmsg(b, &receive, 0), 4);
	CHECK_EQ(receive.msg_flags & MSG_TRUNC, MSG_TRUNC);
	CHECK_EQ(receive.msg_namelen, sizeof from);
	CHECK_EQ(ntohs(from.sin_port), net_port(a));
	CHECK_ERRNO(recvmsg(b, &receive, MSG_DONTWAIT), EAGAIN);
	CHECK_ERRNO(recvmsg(b, check_bad_pointer(), 0), EFAULT);
	CHECK_ERRNO(sendmsg(b, check_bad_pointer(), 0), EFAULT);
	CHECK_ERRNO(recvmsg(-1, &receive, 0), EBADF);
	CHECK_EQ(close(a), 0);
	CHECK_EQ(close(b), 0);
}

int main(void)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	check_fds();
	check_address();
	puts("50 descriptors passed");
	return 0;
}
