/* SPDX-License-Identifier: BSD-2-Clause */
/* 90 % of the stack that was asked for can be used. */
#include "check.h"

#include <alloca.h>
#include <sys/resource.h>

/* In steps of 1 KB by recursion, as programs do. */
static size_t __attribute__((noinline)) recurse(size_t left)
{
	volatile char frame[1024];

	frame[0] = 1;
	frame[1023] = 1;
	if (left < 1200)
		return frame[0];
	return recurse(left - 1150) + frame[1023];
}

static void *by_recursion(void *arg)
{
	size_t size = *(size_t *)arg;

	CHECK(recurse(size / 10 * 9) >= size / 2048);
	return NULL;
}

/* In one piece, touched from the top down and from the bottom up. */
static void *by_alloca(void *arg)
{
	size_t size = *(size_t *)arg / 10 * 9;
	volatile char *p = alloca(size);

	for (size_t at = size; at >= 4096; at -= 4096)
		p[at - 1] = 1;
	sched_yield();
	for (size_t at = 0; at < size; at += 512)
		p[at] = 7;
	sched_yield();
	CHECK_EQ(p[0], 7);
	CHECK_EQ(p[size / 512 / 2 * 512], 7);
	return NULL;
}

static void run(size_t size)
{
	pthread_attr_t a;
	pthread_t t;

	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, size));
	CHECK_OK(pthread_create(&t, &a, by_recursion, &size));
	check_join(t);
	CHECK_OK(pthread_create(&t, &a, by_alloca, &size));
	check_join(t);
	/* The stack comes back clean enough to be used up again. */
	CHECK_OK(pthread_create(&t, &a, by_recursion, &size));
	check_join(t);
	CHECK_OK(pthread_attr_destroy(&a));
}

int main(void)
{
	struct rlimit limit;

	/* Bound now: the lazy resolver needs 3 KB of stack itself. */
	sched_yield();
	run(check_stack_size(64 * 1024));
	run(128 * 1024);
	run(1024 * 1024);
	run(16 * 1024 * 1024);
	/* The default, which is RLIMIT_STACK when the program starts. */
	CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
	if (limit.rlim_cur != RLIM_INFINITY) {
		size_t size = limit.rlim_cur;

		check_join(check_spawn(by_recursion, &size));
		check_join(check_spawn(by_alloca, &size));
	}
	puts("stacks used to 90 %");
	return 0;
}
