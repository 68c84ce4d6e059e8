/* SPDX-License-Identifier: BSD-2-Clause */
/* A read from an end that only writes, or the other way round, is EBADF at
 * once, for a pipe and for a FIFO, which is never ready for it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

static void check_ends(int in, int out)
{
	char c = 'x';
	struct iovec v = { &c, 1 };

	CHECK_ERRNO(read(out, &c, 1), EBADF);
	CHECK_ERRNO(readv(out, &v, 1), EBADF);
	CHECK_ERRNO(write(in, &c, 1), EBADF);
	CHECK_ERRNO(writev(in, &v, 1), EBADF);
	CHECK_EQ(write(out, "y", 1), 1);
	CHECK_EQ(read(in, &c, 1), 1);
	CHECK_EQ(c, 'y');
}

static void *check_pipe(void *arg)
{
	int fd[2];

	CHECK_EQ(pipe(fd), 0);
	check_ends(fd[0], fd[1]);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

static void *check_fifo(void *arg)
{
	char dir[] = "/tmp/io-wrong-end-XXXXXX", path[64];
	int in, out;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/fifo", dir);
	CHECK_EQ(mkfifo(path, 0600), 0);
	in = open(path, O_RDONLY | O_NONBLOCK);
	out = open(path, O_WRONLY);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(rmdir(dir), 0);
	CHECK_EQ(fcntl(in, F_SETFL, 0), 0);
	check_ends(in, out);
	CHECK_EQ(close(in), 0);
	CHECK_EQ(close(out), 0);
	return arg;
}

int main(void)
{
	check_join(check_spawn(check_pipe, NULL));
	check_join(check_spawn(check_fifo, NULL));
	puts("the wrong end is EBADF");
	return 0;
}
