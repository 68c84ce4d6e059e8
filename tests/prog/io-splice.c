/* SPDX-License-Identifier: BSD-2-Clause */
/* splice, tee, vmsplice, sendfile: all bytes, in order, past slow readers. */
#include "io-net.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

enum { LEN = 3 << 20 };

static char path[] = "/tmp/io-splice-XXXXXX";

static char byte_at(size_t i)
{
	return (char)(i * 7 + (i >> 9));
}

static int file_of(size_t len)
{
	char *buf = malloc(len);
	int fd = open(path, O_RDWR | O_TRUNC);

	CHECK(buf != NULL && fd >= 0);
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_at(i);
	check_write(fd, buf, len);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	free(buf);
	return fd;
}

struct sink {
	int fd;
	size_t len;
};

/* Reads all of it, slowly at first, until the end. */
static void *drains(void *arg)
{
	struct sink *s = arg;
	char buf[5000];
	ssize_t n;

	s->len = 0;
	check_msleep(20);
	while ((n = read(s->fd, buf, sizeof buf)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			CHECK_EQ(buf[i], byte_at(s->len + (size_t)i));
		s->len += (size_t)n;
	}
	CHECK_EQ(n, 0);
	return NULL;
}

static void stream(int fd[2], int net)
{
	if (net)
		net_pair(fd);
	else
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
}

/* One call sends all of it to a socket, however slow. */
static void *sends_file(void *arg)
{
	off_t off = 1000;
	int in = open(path, O_RDONLY), fd[2];
	struct sink s;
	pthread_t t;

	CHECK(in >= 0);
	stream(fd, arg != NULL);
	s.fd = fd[1];
	t = check_spawn(drains, &s);
	CHECK_EQ(sendfile(fd[0], in, NULL, LEN + 99), LEN);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), LEN);
	CHECK_EQ(sendfile(fd[0], in, NULL, 10), 0);
	CHECK_EQ(close(fd[0]), 0);
	check_join(t);
	CHECK_EQ(s.len, LEN);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(pipe(fd), 0);
	CHECK_EQ(sendfile(fd[1], in, &off, 5), 5);
	CHECK_EQ(off, 1005);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), LEN);
	CHECK_ERRNO(sendfile(fd[1], -1, NULL, 5), EBADF);
	CHECK_ERRNO(sendfile(-1, in, NULL, 5), EBADF);
	CHECK_ERRNO(sendfile(in, in, NULL, 5), EBADF);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(close(in), 0);
	return NULL;
}

/* From file to pipe to socket, by two threads. */
struct ends {
	int in, out;
};

static void *moves(void *arg)
{
	struct ends *e = arg;
	ssize_t n;

	while ((n = splice(e->in, NULL, e->out, NULL, LEN, 0)) > 0)
		;
	CHECK_EQ(n, 0);
	CHECK_EQ(close(e->out), 0);
	return NULL;
}

static void *relays(void *arg)
{
	int in = open(path, O_RDONLY), p[2], fd[2], q[2];
	struct ends e[4];
	struct sink s;
	pthread_t t[5];

	CHECK(in >= 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	stream(fd, arg != NULL);
	e[0] = (struct ends){ in, p[1] };
	e[1] = (struct ends){ p[0], fd[0] };
	e[2] = (struct ends){ fd[1], q[1] };
	s.fd = q[0];
	t[0] = check_spawn(drains, &s);
	for (int i = 0; i < 3; i++)
		t[i + 1] = check_spawn(moves, &e[i]);
	for (int i = 0; i < 4; i++)
		check_join(t[i]);
	CHECK_EQ(s.len, LEN);
	CHECK_EQ(close(in), 0);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(q[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return NULL;
}

/* tee copies, and both copies are read. */
static void *tees(void *arg)
{
	int *p = arg; /* from p[0] to p[1] */
	size_t len = 0;
	char buf[4096];

	while (len < 100000) {
		ssize_t n = tee(p[0], p[1], 100000 - len, 0);

		CHECK(n > 0);
		len += (size_t)n;
		while (n > 0) {
			ssize_t k = read(p[0], buf,
					 n < 4096 ? (size_t)n : 4096);

			CHECK(k > 0);
			n -= k;
		}
	}
	CHECK_EQ(tee(p[0], p[1], 1, 0), 0); /* its writer is gone */
	CHECK_EQ(close(p[1]), 0);
	return NULL;
}

static void copies(void)
{
	int p[2], q[2], from_to[2];
	struct sink s;
	pthread_t t[2];
	char *buf = malloc(100000);
	struct iovec v = { buf, 100000 };

	CHECK(buf != NULL);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(q), 0);
	from_to[0] = p[0];
	from_to[1] = q[1];
	s.fd = q[0];
	t[0] = check_spawn(tees, from_to);
	t[1] = check_spawn(drains, &s);
	for (size_t i = 0; i < 100000; i++)
		buf[i] = byte_at(i);
	while (v.iov_len) {
		ssize_t n = vmsplice(p[1], &v, 1, 0);

		CHECK(n > 0);
		v.iov_base = (char *)v.iov_base + n;
		v.iov_len -= (size_t)n;
	}
	CHECK_EQ(close(p[1]), 0);
	check_join(t[0]);
	check_join(t[1]);
	CHECK_EQ(s.len, 100000);
	free(buf); /* the pipe had its pages until now */
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(q[0]), 0);
}

static void *errors(void *arg)
{
	int in = open(path, O_RDWR), p[2], s[2], out = open(path, O_RDWR);
	off64_t off = 10, to = LEN;
	char c;

	CHECK(in >= 0 && out >= 0);
	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	CHECK_ERRNO(splice(in, NULL, s[0], NULL, 5, 0), EINVAL);
	CHECK_ERRNO(splice(-1, NULL, p[1], NULL, 5, 0), EBADF);
	CHECK_ERRNO(splice(p[0], NULL, in, NULL, 5, SPLICE_F_NONBLOCK),
		    EAGAIN);
	CHECK_ERRNO(splice(p[0], &off, in, NULL, 5, 0), ESPIPE);
	CHECK_EQ(splice(p[0], NULL, in, NULL, 0, 0), 0);
	CHECK_ERRNO(tee(p[0], in, 5, 0), EINVAL);
	CHECK_EQ(splice(in, &off, p[1], NULL, 1, 0), 1);
	CHECK_EQ(off, 11);
	check_read(p[0], &c, 1);
	CHECK_EQ(c, byte_at(10));
	CHECK_EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	while (splice(in, &off, p[1], NULL, 65536, SPLICE_F_MORE) > 0)
		;
	CHECK_ERRNO(splice(in, &off, p[1], NULL, 65536, 0), EAGAIN);
	CHECK_EQ(close(p[0]), 0);
	CHECK_ERRNO(splice(in, &off, p[1], NULL, 5, 0), EPIPE);
	CHECK_EQ(close(p[1]), 0);
	off = 0;
	CHECK_EQ(copy_file_range(in, &off, out, &to, 100, 0), 100);
	CHECK_EQ(off, 100);
	CHECK_EQ(to, LEN + 100);
	CHECK_EQ(ftruncate(in, LEN), 0);
	CHECK_EQ(close(in), 0);
	CHECK_EQ(close(out), 0);
	CHECK_EQ(close(s[0]), 0);
	CHECK_EQ(close(s[1]), 0);
	return arg;
}

int main(void)
{
	int fd = mkstemp(path);

	signal(SIGPIPE, SIG_IGN);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(file_of(LEN)), 0);
	for (long net = 0; net < 2; net++) {
		check_join(check_spawn(sends_file, (void *)net));
		check_join(check_spawn(relays, (void *)net));
	}
	copies();
	errors(NULL);
	check_join(check_spawn(errors, NULL));
	CHECK_EQ(unlink(path), 0);
	puts("moved");
	return 0;
}
