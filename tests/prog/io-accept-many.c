/* SPDX-License-Identifier: BSD-2-Clause */
/* 32 threads in accept on one socket: each connection is accepted once. */
#include "io-net.h"

#define ACCEPTORS 32
#define CONNECTIONS 400
#define STOP 0xffff

static int listener;
static int accepted[CONNECTIONS];

/* A connection says its number; STOP ends the acceptor that gets it. */
static void *accepts(void *arg)
{
	unsigned short id;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		CHECK(fd >= 0);
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		check_read(fd, &id, sizeof id);
		CHECK_EQ(close(fd), 0);
		if (id == STOP)
			return arg;
		__atomic_fetch_add(&accepted[id], 1, __ATOMIC_SEQ_CST);
	}
}

static void say(unsigned short id)
{
	int fd = net_connect(net_port(listener));
	char c;

	check_write(fd, &id, sizeof id);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(close(fd), 0);
}

static void *connects(void *arg)
{
	for (int i = (int)(long)arg; i < CONNECTIONS; i += 8)
		say((unsigned short)i);
	return NULL;
}

int main(void)
{
	pthread_t t[ACCEPTORS], c[8];

	listener = net_listen(64);
	for (int i = 0; i < ACCEPTORS; i++)
		t[i] = check_spawn(accepts, NULL);
	check_msleep(20);
	for (long i = 0; i < 8; i++)
		c[i] = check_spawn(connects, (void *)i);
	for (int i = 0; i < 8; i++)
		check_join(c[i]);
	for (int i = 0; i < ACCEPTORS; i++)
		say(STOP);
	for (int i = 0; i < ACCEPTORS; i++)
		check_join(t[i]);
	for (int i = 0; i < CONNECTIONS; i++)
		CHECK_EQ(accepted[i], 1);
	printf("%d connections, once each\n", CONNECTIONS);
	return 0;
}
