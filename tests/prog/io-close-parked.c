/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A descriptor is closed, or another file put in its place, while a thread
 * waits there: the call goes on with the file it began with.
 */
#include "io-net.h"

#include <sys/uio.h>

/* What a thread waits for, and what it got. */
struct waiter {
	int fd, how, entered;
	ssize_t result;
	int error;
	char buf[70000];
};

enum { READ, READV, RECV, RECVMSG, ACCEPT, WRITE, SEND, HOWS };

static void *waits(void *arg)
{
	struct waiter *w = arg;
	struct iovec v = { w->buf, 5 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	__atomic_store_n(&w->entered, 1, __ATOMIC_SEQ_CST);
	switch (w->how) {
	case READ:
		w->result = read(w->fd, w->buf, 5);
		break;
	case READV:
		w->result = readv(w->fd, &v, 1);
		break;
	case RECV:
		w->result = recv(w->fd, w->buf, 5, MSG_WAITALL);
		break;
	case RECVMSG:
		w->result = recvmsg(w->fd, &m, 0);
		break;
	case ACCEPT:
		w->result = accept(w->fd, NULL, NULL);
		break;
	case WRITE:
		w->result = write(w->fd, w->buf, sizeof w->buf);
		break;
	default:
		w->result = send(w->fd, w->buf, sizeof w->buf, 0);
	}
	w->error = errno;
	return NULL;
}

static struct waiter *begin(int fd, int how, pthread_t *t)
{
	struct waiter *w = calloc(1, sizeof *w);

	CHECK(w != NULL);
	w->fd = fd;
	w->how = how;
	*t = check_spawn(waits, w);
	while (!__atomic_load_n(&w->entered, __ATOMIC_SEQ_CST))
		check_msleep(1);
	check_msleep(50); /* it is in its call */
	return w;
}

static void end(struct waiter *w, pthread_t t, ssize_t want)
{
	check_join(t);
	if (w->result != want)
		check_fail("call %d is %zd, not %zd, errno %d", w->how,
			   w->result, want, w->error);
	free(w);
}

/* By close, or by another file on top; afterwards the number is another's. */
static int take_away(int fd, int by_dup, int other)
{
	if (by_dup) {
		CHECK_EQ(dup2(other, fd), fd);
	} else {
		CHECK_EQ(close(fd), 0);
		CHECK_EQ(dup(other), fd);
	}
	return fd;
}

static void fill(int fd)
{
	char buf[4096] = { 0 };

	CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (write(fd, buf, sizeof buf) > 0)
		;
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
}

static void pair_of(int how, int p[2])
{
	if (how == READ || how == READV || how == WRITE)
		CHECK_EQ(pipe(p), 0);
	else
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
}

/* Who reads gets what comes to the old file, and no more. */
static void reader(int how, int by_dup)
{
	int p[2], other[2], fd;
	struct waiter *w;
	pthread_t t;
	char c;

	CHECK_EQ(pipe(other), 0);
	pair_of(how, p);
	w = begin(p[0], how, &t);
	fd = take_away(p[0], by_dup, other[0]);
	check_write(other[1], "new", 3);
	check_msleep(10);
	CHECK_RC(pthread_tryjoin_np(t, NULL), EBUSY);
	check_write(p[1], "old!!", 5);
	end(w, t, 5);
	check_read(fd, &c, 1);
	CHECK_EQ(c, 'n');
	/* Now that the call is over nobody has the old file open. */
	CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(p[1]), 0);
	CHECK_EQ(close(other[0]), 0);
	CHECK_EQ(close(other[1]), 0);
}

static void writer(int how, int by_dup)
{
	static char buf[65536];
	int p[2], other[2], fd;
	struct waiter *w;
	pthread_t t;
	ssize_t n;

	CHECK_EQ(pipe(other), 0);
	pair_of(how, p);
	fill(p[1]);
	w = begin(p[1], how, &t);
	fd = take_away(p[1], by_dup, other[1]);
	while ((n = read(p[0], buf, sizeof buf)) > 0)
		; /* until the last one that could write is done */
	CHECK_EQ(n, 0);
	end(w, t, sizeof w->buf);
	check_write(fd, "x", 1);
	check_read(other[0], buf, 1);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(other[0]), 0);
	CHECK_EQ(close(other[1]), 0);
}

static void acceptor(int by_dup)
{
	int l = net_listen(5), other[2], c, fd;
	unsigned short port = net_port(l);
	struct waiter *w;
	pthread_t t;

	CHECK_EQ(pipe(other), 0);
	w = begin(l, ACCEPT, &t);
	fd = take_away(l, by_dup, other[0]);
	c = net_connect(port);
	check_join(t);
	CHECK(w->result >= 0);
	CHECK_EQ(close((int)w->result), 0);
	free(w);
	CHECK_EQ(close(c), 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(other[0]), 0);
	CHECK_EQ(close(other[1]), 0);
}

/* --- many times, at any moment ------------------------------------------- */

static int number, stop;

static void *writes_on(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		check_write(*(int *)arg, "x", 1);
		usleep(100);
	}
	return NULL;
}

static void *reads_on(void *arg)
{
	char c;

	for (int i = 0; i < 1000; i++)
		CHECK_EQ(read(number, &c, 1), 1);
	return arg;
}

/* The number is one pipe and the other by turns, and always one. */
static void by_turns(void)
{
	int a[2], b[2];
	pthread_t t[6];

	CHECK_EQ(pipe(a), 0);
	CHECK_EQ(pipe(b), 0);
	number = dup(a[0]);
	t[0] = check_spawn(writes_on, &a[1]);
	t[1] = check_spawn(writes_on, &b[1]);
	for (int i = 2; i < 6; i++)
		t[i] = check_spawn(reads_on, NULL);
	for (int i = 0; i < 4000; i++) {
		CHECK_EQ(dup2(i % 2 ? a[0] : b[0], number), number);
		if (i % 8 == 0)
			usleep(20);
	}
	for (int i = 2; i < 6; i++)
		check_join(t[i]);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(t[0]);
	check_join(t[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (int by_dup = 0; by_dup < 2; by_dup++) {
		for (int how = READ; how <= RECVMSG; how++)
			reader(how, by_dup);
		acceptor(by_dup);
		writer(WRITE, by_dup);
		writer(SEND, by_dup);
	}
	by_turns();
	puts("went on");
	return 0;
}
