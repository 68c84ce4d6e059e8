/* SPDX-License-Identifier: BSD-2-Clause */
/* 100 threads poll one descriptor; one thread polls 500. */
#include "check.h"

#include <poll.h>
#include <sys/resource.h>

#define THREADS 100
#define FDS 500
#define ROUNDS 100

static int shared[2];
static int wide[FDS][2];

static void *polls(void *arg)
{
	struct pollfd p = { .fd = shared[0], .events = POLLIN };

	/* Nobody reads the byte, so everybody sees it. */
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	return arg;
}

static void *writes_by_turns(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		check_write(wide[i * 7 % FDS][1], &i, sizeof i);
	return arg;
}

static void *polls_wide(void *arg)
{
	static struct pollfd p[FDS];
	int seen = 0;

	for (int i = 0; i < FDS; i++)
		p[i] = (struct pollfd){ .fd = wide[i][0], .events = POLLIN };
	while (seen < ROUNDS) {
		int n = poll(p, FDS, 30000), ready = 0;

		CHECK(n > 0);
		for (int i = 0; i < FDS; i++) {
			int value;

			if (!p[i].revents)
				continue;
			CHECK_EQ(p[i].revents, POLLIN);
			check_read(wide[i][0], &value, sizeof value);
			CHECK_EQ(value * 7 % FDS, i);
			ready++;
		}
		CHECK_EQ(ready, n);
		seen += n;
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], w[2];
	struct rlimit limit;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(pipe(shared), 0);
	for (int i = 0; i < FDS; i++)
		CHECK_EQ(pipe(wide[i]), 0);
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(polls, NULL);
	w[0] = check_spawn(polls_wide, NULL);
	w[1] = check_spawn(writes_by_turns, NULL);
	check_msleep(50);
	check_write(shared[1], "x", 1);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	check_join(w[0]);
	check_join(w[1]);
	printf("%d woke\n", THREADS);
	return 0;
}
