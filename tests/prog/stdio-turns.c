/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that always has something to copy holds a stream's lock nearly all
 * the time; others get it, too, as soon as the first lets it go.
 */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>

enum { OTHERS = 10, TURNS = 50, WRITES = 20, MOST_MS = 5 };

static FILE *out;
static int zero, stop;

static void *copies(void *arg)
{
	static char buf[8192];

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		CHECK_EQ(read(zero, buf, sizeof buf), (ssize_t)sizeof buf);
		flockfile(out);
		for (int i = 0; i < WRITES; i++)
			check_write(fileno(out), buf, sizeof buf);
		funlockfile(out);
	}
	return arg;
}

/* How long it waited in all, in ns. */
static void *takes_turns(void *arg)
{
	long long *waited = arg, begin;

	for (int i = 0; i < TURNS; i++) {
		check_msleep(1);
		begin = check_now(CLOCK_MONOTONIC);
		flockfile(out);
		*waited += check_now(CLOCK_MONOTONIC) - begin;
		funlockfile(out);
	}
	return arg;
}

int main(void)
{
	long long waited[OTHERS] = { 0 }, all = 0;
	pthread_t t[OTHERS], copier;
	int i;

	out = fopen("/dev/null", "w");
	zero = open("/dev/zero", O_RDONLY);
	CHECK(out != NULL && zero >= 0);
	copier = check_spawn(copies, NULL);
	for (i = 0; i < OTHERS; i++)
		t[i] = check_spawn(takes_turns, &waited[i]);
	for (i = 0; i < OTHERS; i++)
		check_join(t[i]);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	check_join(copier);
	for (i = 0; i < OTHERS; i++)
		all += waited[i] / (OTHERS * TURNS);
	fprintf(stderr, "on average a turn came after %lld us\n", all / 1000);
	CHECK(all < MOST_MS * CHECK_MS);
	puts("everybody had every turn");
	return 0;
}
