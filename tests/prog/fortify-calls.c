/* SPDX-License-Identifier: BSD-2-Clause */
/* Built with -D_FORTIFY_SOURCE=2 -O2: the checked variants block as well. */
#include "check.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>

static int fd[2];
/* Not known when it is compiled, so that the check is made at run time. */
static volatile size_t eight = 8;
static volatile nfds_t one = 1;

static void *writes_later(void *arg)
{
	check_msleep(20);
	check_write(fd[1], "12345678", 8);
	return arg;
}

static void *reads(void *arg)
{
	struct pollfd p[2] = { { .fd = fd[0], .events = POLLIN } };
	struct timespec ts = { 30, 0 };
	char buf[16];
	fd_set set;
	pthread_t t = check_spawn(writes_later, NULL);

	CHECK_EQ(poll(p, one, 30000), 1);		/* __poll_chk */
	CHECK_EQ(ppoll(p, one, &ts, NULL), 1);		/* __ppoll_chk */
	FD_ZERO(&set);
	FD_SET(fd[(int)one - 1], &set);			/* __fdelt_chk */
	CHECK_EQ(select(fd[0] + 1, &set, NULL, NULL, NULL), 1);
	CHECK_EQ(read(fd[0], buf, eight), 8);		/* __read_chk */
	CHECK_EQ(memcmp(buf, "12345678", 8), 0);
	check_join(t);
	t = check_spawn(writes_later, NULL);
	CHECK_EQ(recv(fd[0], buf, eight, 0), 8);	/* __recv_chk */
	check_join(t);
	t = check_spawn(writes_later, NULL);
	/* __recvfrom_chk */
	CHECK_EQ(recvfrom(fd[0], buf, eight, 0, NULL, NULL), 8);
	check_join(t);
	return arg;
}

static void *reads_file(void *arg)
{
	FILE *f = tmpfile();
	char buf[16] = "";

	CHECK(f != NULL);
	CHECK_EQ(pwrite(fileno(f), "12345678", eight, 0), 8);
	CHECK_EQ(pread(fileno(f), buf, eight, 0), 8);	/* __pread_chk */
	CHECK_EQ(memcmp(buf, "12345678", 8), 0);
	CHECK_EQ(pread64(fileno(f), buf, eight, 4), 4);	/* __pread64_chk */
	CHECK_EQ(memcmp(buf, "5678", 4), 0);
	CHECK_EQ(fclose(f), 0);
	return arg;
}

int main(void)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	check_join(check_spawn(reads, NULL));
	check_join(check_spawn(reads_file, NULL));
	puts("checked calls work");
	return 0;
}
