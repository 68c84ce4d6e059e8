/* SPDX-License-Identifier: BSD-2-Clause */
/* poll: POLLRDHUP alone and beside other events, with a thread that waits. */
#include "check.h"

#include <poll.h>
#include <sys/socket.h>

static int s[2];

static void *shuts_later(void *arg)
{
	check_msleep(30);
	CHECK_EQ(shutdown(s[1], SHUT_WR), 0);
	return arg;
}

static void *writes_later(void *arg)
{
	check_msleep(30);
	check_write(s[1], "x", 1);
	return arg;
}

/* What poll says of s[0] when `other` has done its work. */
static int poll_while(void *(*other)(void *), short events)
{
	struct pollfd p = { .fd = s[0], .events = events };
	pthread_t t;

	CHECK_OK(pthread_create(&t, NULL, other, NULL));
	CHECK_EQ(poll(&p, 1, 10000), 1);
	CHECK_OK(pthread_join(t, NULL));
	return p.revents;
}

static void check_family(int domain, int type)
{
	struct pollfd p = { .events = POLLRDHUP };
	struct timespec before, after;
	char c;

	CHECK_EQ(socketpair(domain, type, 0, s), 0);
	CHECK_EQ(poll_while(writes_later, POLLIN | POLLRDHUP), POLLIN);
	/* What can be read does not wake who asks for the end only, nor
	 * keep it busy. */
	p.fd = s[0];
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	CHECK_EQ(poll(&p, 1, 200), 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000 * CHECK_MS +
		      after.tv_nsec - before.tv_nsec < 100 * CHECK_MS);
	CHECK_EQ(poll_while(shuts_later, POLLRDHUP), POLLRDHUP);
	CHECK_EQ(read(s[0], &c, 1), 1);
	CHECK_EQ(read(s[0], &c, 1), 0);
	close(s[0]);
	close(s[1]);

	CHECK_EQ(socketpair(domain, type, 0, s), 0);
	CHECK_EQ(poll_while(shuts_later, POLLIN | POLLRDHUP),
		 POLLIN | POLLRDHUP);
	CHECK_EQ(poll_while(shuts_later, POLLIN), POLLIN);
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	check_family(AF_UNIX, SOCK_STREAM);
	check_family(AF_UNIX, SOCK_SEQPACKET);
	puts("POLLRDHUP: as it should be");
	return 0;
}
