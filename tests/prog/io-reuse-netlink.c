/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that libc has used by itself, for a netlink socket, and closed, are
 * what they are opened as next: a file that is not in the page cache, a pipe.
 */
#include "check.h"

#include <fcntl.h>
#include <ifaddrs.h>

#define CHUNK 65536
#define CHUNKS 64

static char path[] = "/var/tmp/io-reuse-netlink.XXXXXX";
static char buf[CHUNK];

static void make_file(void)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	memset(buf, 'a', sizeof buf);
	for (int i = 0; i < CHUNKS; i++)
		check_write(fd, buf, sizeof buf);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(close(fd), 0);
}

static void use_netlink(void)
{
	struct ifaddrs *all;

	CHECK_EQ(getifaddrs(&all), 0);
	freeifaddrs(all);
}

static void *runs(void *arg)
{
	int fd, pipes[2];
	char c;

	make_file();
	use_netlink();
	fd = open(path, O_RDWR);
	CHECK(fd >= 0);
	for (int i = 0; i < CHUNKS; i++)
		CHECK_EQ(read(fd, buf, sizeof buf), sizeof buf);
	CHECK_EQ(write(fd, buf, 0), 0); /* as a socket: an empty datagram */
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(unlink(path), 0);
	use_netlink();
	CHECK_EQ(pipe(pipes), 0);
	CHECK_EQ(fcntl(pipes[0], F_SETFL, O_NONBLOCK), 0);
	CHECK_ERRNO(read(pipes[0], &c, 1), EAGAIN);
	check_write(pipes[1], "x", 1);
	check_read(pipes[0], &c, 1);
	return arg;
}

int main(void)
{
	check_join(check_spawn(runs, NULL));
	puts("read");
	return 0;
}
