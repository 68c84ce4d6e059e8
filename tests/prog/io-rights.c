/* SPDX-License-Identifier: BSD-2-Clause */
/* Unix datagrams: order, full queues, peers by name, descriptors passed. */
#include "io-net.h"

#include <poll.h>

enum { MESSAGES = 2000 };

static int by_name(int type, struct sockaddr_un *a, socklen_t *len, int n)
{
	int fd = socket(AF_UNIX, type, 0);

	CHECK(fd >= 0);
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* An abstract name: nothing is left in the file system. */
	snprintf(a->sun_path + 1, sizeof a->sun_path - 1, "io-rights-%d-%d",
		 (int)getpid(), n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(a->sun_path + 1));
	CHECK_EQ(bind(fd, (struct sockaddr *)a, *len), 0);
	return fd;
}

static void pass(int to, int fd, const char *text)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} u = { 0 };
	struct iovec v = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	m.msg_control = &u;
	m.msg_controllen = sizeof u.space;
	u.h.cmsg_level = SOL_SOCKET;
	u.h.cmsg_type = SCM_RIGHTS;
	u.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&u.h), &fd, sizeof fd);
	CHECK_EQ(sendmsg(to, &m, 0), strlen(text));
}

/* The descriptor that comes with a message. */
static int take(int from, const char *text, int flags)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} u = { 0 };
	char buf[16] = { 0 };
	struct iovec v = { buf, sizeof buf };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int fd;

	m.msg_control = &u;
	m.msg_controllen = sizeof u.space;
	CHECK_EQ(recvmsg(from, &m, flags), strlen(text));
	CHECK(!strcmp(buf, text));
	CHECK_EQ(m.msg_flags & (MSG_CTRUNC | MSG_TRUNC), 0);
	CHECK_EQ(u.h.cmsg_type, SCM_RIGHTS);
	CHECK_EQ(u.h.cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(&u.h), sizeof fd);
	return fd;
}

static void *passes_later(void *arg)
{
	int *s = arg, p[2];

	check_msleep(20);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(pipe(p), 0);
		pass(s[0], p[0], "pipe");
		CHECK_EQ(close(p[0]), 0);
		check_write(p[1], "hello", 5);
		CHECK_EQ(close(p[1]), 0);
	}
	return NULL;
}

static void descriptors(int type)
{
	pthread_t t;
	char buf[8];
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, type, 0, s), 0);
	t = check_spawn(passes_later, s);
	for (int i = 0; i < 20; i++) {
		int fd = take(s[1], "pipe", i % 2 ? MSG_CMSG_CLOEXEC : 0);

		CHECK_EQ(fcntl(fd, F_GETFD), i % 2 ? FD_CLOEXEC : 0);
		check_read(fd, buf, 5);
		CHECK(!memcmp(buf, "hello", 5));
		CHECK_EQ(read(fd, buf, 1), 0);
		CHECK_EQ(close(fd), 0);
	}
	check_join(t);
	CHECK_EQ(close(s[0]), 0);
	CHECK_EQ(close(s[1]), 0);
}

struct sender {
	int fd;
	struct sockaddr_un to;
	socklen_t len;
};

/* Faster than they are received: it waits for room, and loses none. */
static void *sends(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < MESSAGES; i++)
		CHECK_EQ(sendto(s->fd, &i, sizeof i, 0,
				(struct sockaddr *)&s->to, s->len), sizeof i);
	return NULL;
}

static void queues(int type, int n)
{
	struct sender s = { 0 };
	int in = by_name(type, &s.to, &s.len, n), got;
	struct sockaddr_un from;
	socklen_t len = sizeof from;
	pthread_t t;

	s.fd = socket(AF_UNIX, type, 0);
	CHECK(s.fd >= 0);
	t = check_spawn(sends, &s);
	check_msleep(20);
	for (int i = 0; i < MESSAGES; i++) {
		len = sizeof from;
		CHECK_EQ(recvfrom(in, &got, sizeof got, 0,
				  (struct sockaddr *)&from, &len), sizeof got);
		CHECK_EQ(got, i);
		CHECK_EQ(len, 0); /* it has no name */
	}
	check_join(t);
	CHECK_EQ(close(in), 0);
	CHECK_ERRNO(sendto(s.fd, "x", 1, 0, (struct sockaddr *)&s.to, s.len),
		    ECONNREFUSED);
	CHECK_EQ(close(s.fd), 0);
}

/* Whole messages, cut where there is no room. */
static void *records(void *arg)
{
	char buf[8];
	int s[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	CHECK_EQ(send(s[0], "abcdef", 6, 0), 6);
	CHECK_EQ(send(s[0], "ghi", 3, 0), 3);
	CHECK_EQ(recv(s[1], buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(s[1], buf, 4, MSG_TRUNC), 6);
	CHECK_EQ(read(s[1], buf, 8), 3);
	CHECK_EQ(close(s[0]), 0);
	CHECK_EQ(recv(s[1], buf, 8, 0), 0);
	CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(close(s[1]), 0);
	return arg;
}

static void *all(void *arg)
{
	descriptors(SOCK_DGRAM);
	descriptors(SOCK_STREAM);
	descriptors(SOCK_SEQPACKET);
	queues(SOCK_DGRAM, arg != NULL);
	records(NULL);
	return NULL;
}

int main(void)
{
	pthread_t t = check_spawn(all, (void *)1);

	check_join(t);
	all(NULL);
	puts("passed on");
	return 0;
}
