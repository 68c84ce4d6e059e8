/* SPDX-License-Identifier: BSD-2-Clause */
/* EFAULT, EBADF, ENOTSOCK, EISDIR and others come back as errors. */
#include "io-net.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/uio.h>

static void check_fault(int in, int out)
{
	void *bad = check_bad_pointer();

	check_write(out, "data", 4);
	/* The byte is there, the buffer is not: an error, not a signal. */
	CHECK_ERRNO(read(in, bad, 4), EFAULT);
	CHECK_ERRNO(readv(in, &(struct iovec){ bad, 4 }, 1), EFAULT);
	CHECK_ERRNO(write(out, bad, 4), EFAULT);
	CHECK_ERRNO(writev(out, &(struct iovec){ bad, 4 }, 1), EFAULT);
	CHECK_ERRNO(poll(bad, 1, 0), EFAULT);
	CHECK_ERRNO(select(4, bad, NULL, NULL, NULL), EFAULT);
	CHECK_ERRNO(nanosleep(bad, NULL), EFAULT);
}

static void check_socket_fault(int in, int out)
{
	struct sockaddr_in a = net_address(1);
	void *bad = check_bad_pointer();
	int s = net_bind(SOCK_DGRAM);

	check_fault(in, out);
	CHECK_ERRNO(send(out, bad, 4, 0), EFAULT);
	CHECK_ERRNO(recv(in, bad, 4, 0), EFAULT);
	CHECK_ERRNO(sendto(s, "x", 1, 0, bad, sizeof a), EFAULT);
	CHECK_ERRNO(sendto(s, "x", 1, 0, (struct sockaddr *)&a, 2), EINVAL);
	CHECK_EQ(close(s), 0);
}

static void check_bad_fd(int bad)
{
	struct iovec iov = { NULL, 0 };
	struct msghdr msg = { 0 };
	char c = 0;

	CHECK_ERRNO(read(bad, &c, 1), EBADF);
	CHECK_ERRNO(read(bad, &c, 0), EBADF);
	CHECK_ERRNO(write(bad, &c, 1), EBADF);
	CHECK_ERRNO(readv(bad, &iov, 1), EBADF);
	CHECK_ERRNO(writev(bad, &iov, 1), EBADF);
	CHECK_ERRNO(pread(bad, &c, 1, 0), EBADF);
	CHECK_ERRNO(pwrite(bad, &c, 1, 0), EBADF);
	CHECK_ERRNO(recv(bad, &c, 1, 0), EBADF);
	CHECK_ERRNO(send(bad, &c, 1, 0), EBADF);
	CHECK_ERRNO(recvmsg(bad, &msg, 0), EBADF);
	CHECK_ERRNO(sendmsg(bad, &msg, 0), EBADF);
	CHECK_ERRNO(accept(bad, NULL, NULL), EBADF);
	CHECK_ERRNO(shutdown(bad, SHUT_RD), EBADF);
	CHECK_ERRNO(fcntl(bad, F_GETFL), EBADF);
	CHECK_ERRNO(close(bad), EBADF);
}

static void check_not_socket(int fd)
{
	struct msghdr msg = { 0 };
	char c = 0;

	CHECK_ERRNO(recv(fd, &c, 1, 0), ENOTSOCK);
	CHECK_ERRNO(send(fd, &c, 1, 0), ENOTSOCK);
	CHECK_ERRNO(recvfrom(fd, &c, 1, 0, NULL, NULL), ENOTSOCK);
	CHECK_ERRNO(sendto(fd, &c, 1, 0, NULL, 0), ENOTSOCK);
	CHECK_ERRNO(recvmsg(fd, &msg, 0), ENOTSOCK);
	CHECK_ERRNO(sendmsg(fd, &msg, 0), ENOTSOCK);
	CHECK_ERRNO(shutdown(fd, SHUT_RD), ENOTSOCK);
}

static void *run(void *arg)
{
	int fd[2], dir, s = socket(AF_INET, SOCK_STREAM, 0), l;
	char c;

	CHECK_EQ(pipe(fd), 0);
	check_fault(fd[0], fd[1]);
	check_not_socket(fd[0]);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	check_socket_fault(fd[0], fd[1]);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);

	check_bad_fd(-1);
	check_bad_fd(check_hidden(fd[0]));
	check_bad_fd(check_hidden(1 << 30));

	dir = open("/", O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0);
	CHECK_ERRNO(read(dir, &c, 1), EISDIR);
	CHECK_ERRNO(write(dir, &c, 1), EBADF);
	check_not_socket(dir);
	CHECK_EQ(close(dir), 0);

	/* A stream socket that is not connected; one that listens. */
	CHECK_ERRNO(recv(s, &c, 1, 0), ENOTCONN);
	CHECK_ERRNO(send(s, &c, 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERRNO(shutdown(s, SHUT_RD), ENOTCONN);
	CHECK_EQ(close(s), 0);
	l = net_listen(1);
	CHECK_ERRNO(read(l, &c, 1), ENOTCONN);
	CHECK_EQ(close(l), 0);
	return arg;
}

int main(void)
{
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("errors, no signals");
	return 0;
}
