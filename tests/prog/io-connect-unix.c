/* SPDX-License-Identifier: BSD-2-Clause */
/* connect to a Unix socket with a full backlog waits; EAGAIN if it may not. */
#include "io-net.h"

#define CLIENTS 20

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t length;
static int connected;

static int unix_socket(int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);

	CHECK(fd >= 0);
	return fd;
}

static void *connects(void *arg)
{
	int fd = unix_socket(0);
	char c;

	CHECK_EQ(connect(fd, (struct sockaddr *)&address, length), 0);
	__atomic_fetch_add(&connected, 1, __ATOMIC_SEQ_CST);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	check_read(fd, &c, 1);
	CHECK_EQ(close(fd), 0);
	return arg;
}

int main(void)
{
	int l = unix_socket(0), fd;
	pthread_t t[CLIENTS];

	/* An abstract name: nothing to remove afterwards. */
	length = (socklen_t)offsetof(struct sockaddr_un, sun_path) +
		(socklen_t)snprintf(address.sun_path, sizeof address.sun_path,
				    "%ctests-prog-%d", 0, (int)getpid());
	CHECK_EQ(bind(l, (struct sockaddr *)&address, length), 0);
	CHECK_EQ(listen(l, 1), 0);
	for (int i = 0; i < CLIENTS; i++)
		t[i] = check_spawn(connects, NULL);
	check_msleep(100);
	/* Linux lets backlog + 1 in; the others wait inside connect. */
	CHECK_EQ(__atomic_load_n(&connected, __ATOMIC_SEQ_CST), 2);
	fd = unix_socket(SOCK_NONBLOCK);
	CHECK_ERRNO(connect(fd, (struct sockaddr *)&address, length), EAGAIN);
	CHECK_EQ(close(fd), 0);
	for (int i = 0; i < CLIENTS; i++) {
		fd = accept(l, NULL, NULL);
		CHECK(fd >= 0);
		check_write(fd, "x", 1);
		CHECK_EQ(close(fd), 0);
	}
	for (int i = 0; i < CLIENTS; i++)
		check_join(t[i]);
	CHECK_EQ(close(l), 0);
	fd = unix_socket(0);
	CHECK_ERRNO(connect(fd, (struct sockaddr *)&address, length),
		    ECONNREFUSED);
	CHECK_EQ(close(fd), 0);
	printf("%d connected\n", connected);
	return 0;
}
