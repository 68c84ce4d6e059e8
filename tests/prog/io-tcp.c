/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread-per-connection TCP echo server and its clients, in one process. */
#include "io-net.h"

#define CLIENTS 100
#define ROUNDS 20

static int listener;
static unsigned short port;

static void *serves(void *arg)
{
	int fd = (int)(long)arg;
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		CHECK_EQ(send(fd, buf, (size_t)n, MSG_NOSIGNAL), n);
	CHECK_EQ(n, 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void *accepts(void *arg)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct sockaddr_in a = { 0 };
		socklen_t len = sizeof a;
		int fd = accept(listener, (struct sockaddr *)&a, &len);

		CHECK(fd >= 0);
		CHECK_EQ(len, sizeof a);
		CHECK_EQ(ntohl(a.sin_addr.s_addr), INADDR_LOOPBACK);
		/* Linux: the new one inherits no flag from the listener. */
		CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		CHECK_OK(pthread_detach(check_spawn(serves,
						    (void *)(long)fd)));
	}
	return arg;
}

static void *asks(void *arg)
{
	int fd = net_connect(port), me = (int)(long)arg;
	char out[3000], in[3000];

	/* Not left non-blocking by the connect. */
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	for (int i = 0; i < ROUNDS; i++) {
		size_t size = 1 + (size_t)(me * 37 + i * 211) % sizeof out;

		memset(out, me + i, size);
		check_write(fd, out, size);
		check_read(fd, in, size);
		CHECK_EQ(memcmp(in, out, size), 0);
	}
	CHECK_EQ(shutdown(fd, SHUT_WR), 0);
	CHECK_EQ(read(fd, in, sizeof in), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

int main(void)
{
	pthread_t t[CLIENTS], server;

	listener = net_listen(128);
	port = net_port(listener);
	server = check_spawn(accepts, NULL);
	for (long i = 0; i < CLIENTS; i++)
		t[i] = check_spawn(asks, (void *)i);
	for (int i = 0; i < CLIENTS; i++)
		check_join(t[i]);
	check_join(server);
	CHECK_EQ(close(listener), 0);
	printf("%d clients served\n", CLIENTS);
	return 0;
}
