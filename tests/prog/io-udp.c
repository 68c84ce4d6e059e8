/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP: recvfrom and sendto by many threads; truncation; an ICMP error. */
#include "io-net.h"

#define CLIENTS 20
#define ROUNDS 50

static int server;
static unsigned short port;

static void *answers(void *arg)
{
	for (;;) {
		struct sockaddr_in a;
		socklen_t len = sizeof a;
		char buf[100];
		ssize_t n = recvfrom(server, buf, sizeof buf, 0,
				     (struct sockaddr *)&a, &len);

		CHECK(n >= 0);
		CHECK_EQ(len, sizeof a);
		if (n == 0)
			return arg;
		CHECK_EQ(sendto(server, buf, (size_t)n, 0,
				(struct sockaddr *)&a, len), n);
	}
}

static void *asks(void *arg)
{
	struct sockaddr_in a = net_address(port), from;
	int fd = net_bind(SOCK_DGRAM), me = (int)(long)arg;
	socklen_t len = sizeof from;

	for (int i = 0; i < ROUNDS; i++) {
		int out[2] = { me, i }, in[2] = { -1, -1 };

		CHECK_EQ(sendto(fd, out, sizeof out, 0, (struct sockaddr *)&a,
				sizeof a), sizeof out);
		CHECK_EQ(recvfrom(fd, in, sizeof in, 0,
				  (struct sockaddr *)&from, &len), sizeof in);
		CHECK_EQ(memcmp(in, out, sizeof in), 0);
		CHECK_EQ(ntohs(from.sin_port), port);
	}
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void *is_refused(void *arg)
{
	int closed = net_bind(SOCK_DGRAM), fd = net_bind(SOCK_DGRAM);
	struct sockaddr_in a = net_address(net_port(closed));
	char c;

	CHECK_EQ(close(closed), 0);
	CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	CHECK_EQ(send(fd, "x", 1, 0), 1);
	/* The answer of the loopback is there at once. */
	CHECK_ERRNO(recv(fd, &c, 1, 0), ECONNREFUSED);
	CHECK_EQ(close(fd), 0);
	return arg;
}

int main(void)
{
	struct sockaddr_in a;
	pthread_t t[CLIENTS], s[4];

	server = net_bind(SOCK_DGRAM);
	port = net_port(server);
	a = net_address(port);
	for (int i = 0; i < 4; i++)
		s[i] = check_spawn(answers, NULL);
	for (long i = 0; i < CLIENTS; i++)
		t[i] = check_spawn(asks, (void *)i);
	for (int i = 0; i < CLIENTS; i++)
		check_join(t[i]);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(sendto(server, "", 0, 0, (struct sockaddr *)&a,
				sizeof a), 0);
	for (int i = 0; i < 4; i++)
		check_join(s[i]);
	check_join(check_spawn(is_refused, NULL));
	CHECK_EQ(close(server), 0);
	printf("%d answers\n", CLIENTS * ROUNDS);
	return 0;
}
