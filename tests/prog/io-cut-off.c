/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread waits for room in a Unix stream that then can send no more: an error
 * tells it, and no SIGPIPE, which is for who writes later.
 */
#include "io-net.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

enum { WRITE, WRITEV, SEND, SENDMSG, SENDFILE, HOWS };
enum { PEER_CLOSES, WE_SHUT_WR, WE_SHUT_BOTH, PEER_SHUTS_RD, EVENTS };

static int ends[2], file, how, entered, error;
static char buf[65536];

static void *waits(void *arg)
{
	struct iovec v[2] = { { buf, 30000 }, { buf, 30000 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	off_t at = 0;
	ssize_t r;

	(void)arg;
	check_step(&entered);
	if (how == WRITE)
		r = write(ends[0], buf, sizeof buf);
	else if (how == WRITEV)
		r = writev(ends[0], v, 2);
	else if (how == SEND)
		r = send(ends[0], buf, sizeof buf, 0);
	else if (how == SENDMSG)
		r = sendmsg(ends[0], &m, 0);
	else
		r = sendfile(ends[0], file, &at, sizeof buf);
	error = errno;
	CHECK_EQ(r, -1);
	return NULL;
}

static void fill(int fd)
{
	while (send(fd, buf, 4096, MSG_DONTWAIT) > 0)
		;
	while (send(fd, buf, 1, MSG_DONTWAIT) > 0)
		;
}

static void cut(int event)
{
	switch (event) {
	case PEER_CLOSES:
		CHECK_EQ(close(ends[1]), 0);
		break;
	case WE_SHUT_WR:
		CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
		break;
	case WE_SHUT_BOTH:
		CHECK_EQ(shutdown(ends[0], SHUT_RDWR), 0);
		break;
	default:
		CHECK_EQ(shutdown(ends[1], SHUT_RD), 0);
	}
}

static void try_it(int event)
{
	int left = 0, before = __atomic_load_n(&entered, __ATOMIC_SEQ_CST);
	socklen_t size = sizeof left;
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fill(ends[0]);
	t = check_spawn(waits, NULL);
	while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) == before)
		check_msleep(1);
	check_msleep(30);
	cut(event);
	check_join(t);
	/* The peer had not read it all. */
	CHECK_EQ(error, event == PEER_CLOSES ? ECONNRESET : EPIPE);
	CHECK_EQ(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &left, &size), 0);
	CHECK_EQ(left, 0);
	CHECK_EQ(close(ends[0]), 0);
	if (event != PEER_CLOSES)
		CHECK_EQ(close(ends[1]), 0);
}

int main(void)
{
	FILE *f = tmpfile(); /* SIGPIPE has its default action */

	CHECK(f != NULL);
	file = fileno(f);
	check_write(file, buf, sizeof buf);
	for (how = 0; how < HOWS; how++)
		for (int event = 0; event < EVENTS; event++)
			try_it(event);
	puts("each was told");
	return 0;
}
