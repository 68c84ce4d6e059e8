/* SPDX-License-Identifier: BSD-2-Clause */
/* select and pselect: sets, time left, bad descriptors, the last bit. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

static void *writes_later(void *arg)
{
	check_msleep(30);
	check_write(*(int *)arg, "x", 1);
	return NULL;
}

static void check_timeouts(int quiet)
{
	struct timespec ts = { 0, 30 * CHECK_MS };
	struct timeval tv = { 0, 30000 };
	long long start = check_now(CLOCK_MONOTONIC);
	fd_set r;

	FD_ZERO(&r);
	FD_SET(quiet, &r);
	CHECK_EQ(select(quiet + 1, &r, NULL, NULL, &tv), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 30 * CHECK_MS);
	CHECK(!FD_ISSET(quiet, &r));
	/* Linux leaves what remained of the time: none. */
	CHECK_EQ(tv.tv_sec, 0);
	CHECK_EQ(tv.tv_usec, 0);

	start = check_now(CLOCK_MONOTONIC);
	FD_SET(quiet, &r);
	CHECK_EQ(pselect(quiet + 1, &r, NULL, NULL, &ts, NULL), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 30 * CHECK_MS);
	CHECK_EQ(ts.tv_nsec, 30 * CHECK_MS);

	/* As a sleep. */
	start = check_now(CLOCK_MONOTONIC);
	tv.tv_usec = 30000;
	CHECK_EQ(select(0, NULL, NULL, NULL, &tv), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 30 * CHECK_MS);
	tv = (struct timeval){ 0, 0 };
	FD_SET(quiet, &r);
	CHECK_EQ(select(quiet + 1, &r, NULL, NULL, &tv), 0);
	tv = (struct timeval){ -1, 0 };
	CHECK_ERRNO(select(0, NULL, NULL, NULL, &tv), EINVAL);
	tv = (struct timeval){ 0, 0 };
	CHECK_ERRNO(select(check_hidden(-1), NULL, NULL, NULL, &tv), EINVAL);
}

static void check_sets(int low[2], int high[2])
{
	struct timeval tv = { 30, 0 };
	fd_set r, w;
	pthread_t t;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(low[0], &r);
	FD_SET(high[0], &r);
	t = check_spawn(writes_later, &high[1]);
	CHECK_EQ(select(high[0] + 1, &r, NULL, NULL, &tv), 1);
	CHECK(FD_ISSET(high[0], &r));
	CHECK(!FD_ISSET(low[0], &r));
	/* What remained: less than before, more than nothing. */
	CHECK(tv.tv_sec < 30 && tv.tv_sec > 0);
	check_join(t);

	/* Three ready bits in all: the count is of bits. */
	FD_SET(low[0], &r);
	FD_SET(low[1], &w);
	FD_SET(high[1], &w);
	CHECK_EQ(select(high[1] + 1, &r, &w, NULL, NULL), 3);
	CHECK(FD_ISSET(low[1], &w) && FD_ISSET(high[1], &w));

	/* Bits past the first argument are not looked at. */
	FD_ZERO(&r);
	FD_SET(high[0], &r);
	tv = (struct timeval){ 0, 0 };
	CHECK_EQ(select(low[0] + 1, &r, NULL, NULL, &tv), 0);
	/* End of file is readable. */
	CHECK_EQ(close(low[1]), 0);
	FD_ZERO(&r);
	FD_SET(low[0], &r);
	CHECK_EQ(select(low[0] + 1, &r, NULL, NULL, NULL), 1);
	CHECK_EQ(close(low[0]), 0);
	FD_ZERO(&r);
	FD_SET(low[0], &r);
	CHECK_ERRNO(select(low[0] + 1, &r, NULL, NULL, NULL), EBADF);
}

/* The two highest numbers that an fd_set can hold. */
static void pipe_at(int high[2], int at)
{
	int p[2];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(dup2(p[0], at - 1), at - 1);
	CHECK_EQ(dup2(p[1], at), at);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);
	high[0] = at - 1;
	high[1] = at;
}

static void *run(void *arg)
{
	int low[2], high[2];
	char c;

	CHECK_EQ(pipe(low), 0);
	pipe_at(high, FD_SETSIZE - 1);
	check_timeouts(low[0]);
	check_sets(low, high);
	check_read(high[0], &c, 1);
	CHECK_EQ(close(high[0]), 0);
	CHECK_EQ(close(high[1]), 0);
	return arg;
}

int main(void)
{
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("bits as they were");
	return 0;
}
