/* SPDX-License-Identifier: BSD-2-Clause */
/* poll and ppoll: time-outs, events, HUP, NVAL, negative descriptors. */
#include "check.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void *writes_later(void *arg)
{
	check_msleep(30);
	check_write(*(int *)arg, "x", 1);
	return NULL;
}

static void *closes_later(void *arg)
{
	check_msleep(30);
	CHECK_EQ(close(*(int *)arg), 0);
	return NULL;
}

static void check_timeouts(int quiet)
{
	struct pollfd p = { .fd = quiet, .events = POLLIN, .revents = 7 };
	struct timespec ts = { 0, 40 * CHECK_MS };
	long long start = check_now(CLOCK_MONOTONIC);

	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(p.revents, 0);
	CHECK_EQ(poll(&p, 1, 40), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 40 * CHECK_MS);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(ppoll(&p, 1, &ts, NULL), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 40 * CHECK_MS);
	/* ppoll, as called through libc, leaves the time as it was. */
	CHECK_EQ(ts.tv_nsec, 40 * CHECK_MS);
	/* No descriptors: a way to sleep. */
	start = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(poll(NULL, 0, 40), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 40 * CHECK_MS);
	CHECK_EQ(poll(NULL, 0, 0), 0);
	ts.tv_nsec = 1000000000;
	CHECK_ERRNO(ppoll(&p, 1, &ts, NULL), EINVAL);
}

static void check_events(void)
{
	int a[2], b[2], s[2];
	struct pollfd p[4];
	pthread_t t;

	CHECK_EQ(pipe(a), 0);
	CHECK_EQ(pipe(b), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	check_timeouts(a[0]);
	p[0] = (struct pollfd){ .fd = a[0], .events = POLLIN };
	p[1] = (struct pollfd){ .fd = b[0], .events = POLLIN };
	p[2] = (struct pollfd){ .fd = -1, .events = POLLIN, .revents = 1 };
	p[3] = (struct pollfd){ .fd = s[0], .events = POLLIN };
	t = check_spawn(writes_later, &b[1]);
	CHECK_EQ(poll(p, 4, -1), 1);
	CHECK_EQ(p[0].revents, 0);
	CHECK_EQ(p[1].revents, POLLIN);
	CHECK_EQ(p[2].revents, 0);
	check_join(t);
	/* It is level-triggered: still there. */
	CHECK_EQ(poll(p, 4, -1), 1);
	p[3].events = POLLIN | POLLOUT;
	CHECK_EQ(ppoll(p, 4, NULL, NULL), 2);
	CHECK_EQ(p[3].revents, POLLOUT);

	/* The writer's end goes: HUP, asked for or not. */
	p[0].events = 0;
	t = check_spawn(closes_later, &a[1]);
	CHECK_EQ(poll(p, 1, 30000), 1);
	CHECK_EQ(p[0].revents, POLLHUP);
	check_join(t);
	/* The reader's end goes: ERR on the writer's. */
	CHECK_EQ(close(b[0]), 0);
	p[1] = (struct pollfd){ .fd = b[1], .events = POLLOUT };
	CHECK_EQ(poll(&p[1], 1, -1), 1);
	CHECK(p[1].revents & POLLERR);
	t = check_spawn(closes_later, &s[1]);
	p[3].events = POLLIN | POLLRDHUP;
	CHECK_EQ(poll(&p[3], 1, -1), 1);
	CHECK_EQ(p[3].revents, POLLIN | POLLRDHUP | POLLHUP);
	check_join(t);
	CHECK_EQ(close(a[0]), 0);
	CHECK_EQ(close(b[1]), 0);
	CHECK_EQ(close(s[0]), 0);

	/* A closed number is not an error of the call: POLLNVAL, at once. */
	p[0].events = POLLIN;
	CHECK_EQ(poll(p, 1, -1), 1);
	CHECK_EQ(p[0].revents, POLLNVAL);
}

static void check_files(void)
{
	FILE *f = tmpfile();
	struct pollfd p = { .fd = fileno(f), .events = POLLIN | POLLOUT };
	struct rlimit limit;

	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
	CHECK_EQ(fclose(f), 0);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 1000000000)
		CHECK_ERRNO(poll(&p, limit.rlim_cur + 1, 0), EINVAL);
}

static void *run(void *arg)
{
	check_events();
	check_files();
	return arg;
}

int main(void)
{
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("events as they were");
	return 0;
}
