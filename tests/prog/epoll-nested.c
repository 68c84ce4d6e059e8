/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets in sets, as deep as they may be: an event comes up, at no cost. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MOST = 16 };

static int set[MOST], event;

static void *waits(void *arg)
{
	int *depth = arg, n = *depth;
	struct epoll_event e;

	CHECK_EQ(epoll_wait(set[n - 1], &e, 1, 10000), 1);
	CHECK_EQ(e.data.u32, n - 1);
	return NULL;
}

int main(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	pthread_t t[MOST];
	long long was;
	int n = 0, depth[MOST];

	event = eventfd(0, 0);
	for (int fd = event; n < MOST; fd = set[n++]) {
		set[n] = epoll_create1(0);
		CHECK(set[n] >= 0);
		e.data.u32 = (uint32_t)n;
		if (epoll_ctl(set[n], EPOLL_CTL_ADD, fd, &e) != 0)
			break;
	}
	CHECK(n >= 4);
	for (int i = 0; i < n; i++) {
		depth[i] = i + 1;
		t[i] = check_spawn(waits, &depth[i]);
	}
	check_msleep(50);
	was = check_now(CLOCK_PROCESS_CPUTIME_ID);
	check_msleep(300);
	CHECK(check_now(CLOCK_PROCESS_CPUTIME_ID) - was < 150 * CHECK_MS);
	was = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(eventfd_write(event, 1), 0);
	for (int i = 0; i < n; i++)
		check_join(t[i]);
	CHECK(check_now(CLOCK_MONOTONIC) - was < 2000 * CHECK_MS);
	puts("come up");
	return 0;
}
