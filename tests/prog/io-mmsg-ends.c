/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recvmmsg that has some messages when an error comes leaves that to the next
 * call; sendmmsg sends nothing after a message that was cut short; MSG_WAITALL
 * ends where urgent data was.
 */
#include "io-net.h"

static int sock, peer, entered;

static void *receives(void *arg)
{
	char buf[3][8];
	struct iovec v[3];
	struct mmsghdr m[3] = { 0 };

	(void)arg;
	for (int i = 0; i < 3; i++) {
		v[i] = (struct iovec){ buf[i], sizeof buf[i] };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	check_step(&entered);
	CHECK_EQ(recvmmsg(sock, m, 3, 0, NULL), 1);
	CHECK_EQ(m[0].msg_len, 1);
	CHECK_ERRNO(recv(sock, buf[0], 8, MSG_DONTWAIT), ECONNREFUSED);
	CHECK_ERRNO(recv(sock, buf[0], 8, MSG_DONTWAIT), EAGAIN);
	return NULL;
}

static void refused(void)
{
	struct sockaddr_in a, b;
	pthread_t t;

	sock = net_bind(SOCK_DGRAM);
	peer = net_bind(SOCK_DGRAM);
	a = net_address(net_port(sock));
	b = net_address(net_port(peer));
	CHECK_EQ(connect(sock, (struct sockaddr *)&b, sizeof b), 0);
	CHECK_EQ(connect(peer, (struct sockaddr *)&a, sizeof a), 0);
	t = check_spawn(receives, NULL);
	while (!__atomic_load_n(&entered, __ATOMIC_SEQ_CST))
		check_msleep(1);
	check_msleep(50);
	CHECK_EQ(send(peer, "x", 1, 0), 1);
	check_msleep(50); /* it waits for the second one */
	CHECK_EQ(close(peer), 0);
	CHECK_EQ(send(sock, "y", 1, 0), 1);
	check_join(t);
	CHECK_EQ(close(sock), 0);
}

static void *sends(void *arg)
{
	static char big[65536];
	struct iovec v[3] = { { big, sizeof big }, { big, sizeof big },
			      { big, 100 } };
	struct mmsghdr m[3] = { 0 };
	struct timeval limit = { 0, 200000 };
	int ends[2], size = 4096;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	CHECK_EQ(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, 4), 0);
	CHECK_EQ(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit,
			    sizeof limit), 0);
	CHECK_EQ(sendmmsg(ends[0], m, 3, 0), 1);
	CHECK(m[0].msg_len > 0 && m[0].msg_len < sizeof big);
	CHECK_EQ(m[1].msg_len, 0);
	CHECK_EQ(close(ends[0]), 0);
	CHECK_EQ(close(ends[1]), 0);
	return NULL;
}

static void *up_to_mark(void *arg)
{
	char buf[16];

	(void)arg;
	CHECK_EQ(recv(sock, buf, 10, MSG_WAITALL), 3);
	CHECK(!memcmp(buf, "abc", 3));
	CHECK_EQ(recv(sock, buf, 10, MSG_WAITALL), 10);
	CHECK(!memcmp(buf, "defghijklm", 10));
	return NULL;
}

static void urgent(void)
{
	int ends[2];

	net_pair(ends);
	sock = ends[0];
	CHECK_EQ(send(ends[1], "abc", 3, 0), 3);
	CHECK_EQ(send(ends[1], "!", 1, MSG_OOB), 1);
	CHECK_EQ(send(ends[1], "defghijklm", 10, 0), 10);
	check_msleep(50); /* all of it is there */
	check_join(check_spawn(up_to_mark, NULL));
	CHECK_EQ(close(ends[0]), 0);
	CHECK_EQ(close(ends[1]), 0);
}

int main(void)
{
	refused();
	check_join(check_spawn(sends, NULL));
	urgent();
	puts("nothing lost");
	return 0;
}
