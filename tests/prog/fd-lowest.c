/* SPDX-License-Identifier: BSD-2-Clause */
/* While there is one thread, open takes the lowest descriptor, each time. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

enum { TURNS = 1000, LONG_MS = 1000 };

static void *begins(void *arg)
{
	return arg;
}

static void open_many(int want)
{
	for (int i = 0; i < TURNS; i++) {
		CHECK_EQ(open("/dev/null", O_RDONLY), want);
		CHECK_OK(close(want));
	}
}

/* Waits of several kinds, and a child. */
static void wait_for_some(void)
{
	struct pollfd p = { .fd = 0, .events = POLLPRI };
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	CHECK(child > 0);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	CHECK(poll(&p, 1, 1) >= 0);
	check_msleep(1);
}

int main(void)
{
	long long end;
	int want;

	check_join(check_spawn(begins, NULL));
	want = open("/dev/null", O_RDONLY);
	CHECK(want >= 0);
	CHECK_OK(close(want));
	end = check_now(CLOCK_MONOTONIC) + LONG_MS * CHECK_MS;
	while (check_now(CLOCK_MONOTONIC) < end) {
		for (int i = 0; i < 20; i++)
			open_many(want);
		wait_for_some();
	}
	puts("always the lowest");
	return 0;
}
