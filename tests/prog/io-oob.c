/* SPDX-License-Identifier: BSD-2-Clause */
/* Urgent data of TCP: apart, inline, at the mark, by poll, select, SIGURG. */
#include "io-net.h"

#include <poll.h>
#include <sys/select.h>

static volatile int urged;

static void on_urgent(int sig)
{
	(void)sig;
	urged = 1;
}

/* What a blocked reader gets: up to the mark.  One that went on would lose the
 * urgent byte. */
static void *reads(void *arg)
{
	int fd = *(int *)arg;
	char buf[16];

	CHECK_EQ(read(fd, buf, 1), 1);
	CHECK_EQ(buf[0], 'a');
	CHECK_EQ(recv(fd, buf, 1, 0), 1);
	CHECK_EQ(buf[0], 'b');
	return NULL;
}

static void *waits_by_poll(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLPRI };

	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents, POLLPRI);
	return NULL;
}

static void *waits_by_select(void *arg)
{
	int fd = *(int *)arg;
	fd_set x;

	FD_ZERO(&x);
	FD_SET(fd, &x);
	CHECK_EQ(select(fd + 1, NULL, NULL, &x, NULL), 1);
	CHECK(FD_ISSET(fd, &x));
	return NULL;
}

static void *apart(void *arg)
{
	pthread_t t[3];
	char buf[16];
	int fd[2];

	net_pair(fd);
	CHECK_ERRNO(recv(fd[0], buf, 1, MSG_OOB), EINVAL);
	t[0] = check_spawn(waits_by_poll, &fd[0]);
	t[1] = check_spawn(waits_by_select, &fd[0]);
	t[2] = check_spawn(reads, &fd[0]);
	check_msleep(20);
	CHECK_EQ(send(fd[1], "a", 1, 0), 1);
	CHECK_EQ(send(fd[1], "bU", 2, MSG_OOB), 2);
	check_join(t[0]);
	check_join(t[1]);
	CHECK_EQ(recv(fd[0], buf, 4, MSG_OOB), 1);
	CHECK_EQ(buf[0], 'U');
	CHECK_ERRNO(recv(fd[0], buf, 4, MSG_OOB), EINVAL);
	check_join(t[2]);
	CHECK_EQ(send(fd[1], "c", 1, 0), 1);
	CHECK_EQ(recv(fd[0], buf, 4, MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT), 1);
	CHECK_EQ(read(fd[0], buf, 4), 1);
	CHECK_EQ(buf[0], 'c');
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

/* Inline, a read ends before the mark and the next one begins with it. */
static void *inlined(void *arg)
{
	char buf[16];
	int fd[2], on = 1;

	net_pair(fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on),
		 0);
	CHECK_EQ(send(fd[1], "ab", 2, 0), 2);
	CHECK_EQ(send(fd[1], "U", 1, MSG_OOB), 1);
	CHECK_EQ(send(fd[1], "cd", 2, 0), 2);
	check_msleep(20);
	CHECK_EQ(sockatmark(fd[0]), 0);
	CHECK_EQ(recv(fd[0], buf, sizeof buf, 0), 2);
	CHECK_EQ(sockatmark(fd[0]), 1);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 3);
	CHECK(!memcmp(buf, "Ucd", 3));
	CHECK_ERRNO(recv(fd[0], buf, 1, MSG_OOB), EINVAL);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

/* The owner of the socket is told by a signal. */
static void *signalled(void *arg)
{
	struct sigaction a = { .sa_handler = on_urgent,
			       .sa_flags = SA_RESTART };
	int fd[2];
	char c;

	net_pair(fd);
	CHECK_EQ(sigaction(SIGURG, &a, NULL), 0);
	CHECK_EQ(fcntl(fd[0], F_SETOWN, getpid()), 0);
	CHECK_EQ(send(fd[1], "U", 1, MSG_OOB), 1);
	while (!urged)
		check_msleep(1);
	CHECK_EQ(recv(fd[0], &c, 1, MSG_OOB), 1);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

int main(void)
{
	static void *(*const fn[])(void *) = { apart, inlined, signalled };

	for (int i = 0; i < 3; i++) {
		fn[i](NULL);
		check_join(check_spawn(fn[i], NULL));
	}
	puts("urgent");
	return 0;
}
