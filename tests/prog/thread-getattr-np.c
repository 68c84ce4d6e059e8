/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_getattr_np tells the truth about a running thread's stack. */
#include "check.h"

#include <limits.h>
#include <stdint.h>
#include <sys/resource.h>

static size_t asked;

static void check_stack(const char *local, int is_main)
{
	pthread_attr_t a;
	size_t size, size2, guard;
	void *addr;

	CHECK_OK(pthread_getattr_np(pthread_self(), &a));
	CHECK_OK(pthread_attr_getstack(&a, &addr, &size));
	CHECK_OK(pthread_attr_getstacksize(&a, &size2));
	CHECK_EQ(size, size2);
	if ((uintptr_t)local - (uintptr_t)addr >= size)
		check_fail("local %p is not in %p + %#zx", local, addr, size);
	CHECK_OK(pthread_attr_getguardsize(&a, &guard));
	if (is_main) {
		CHECK_EQ(guard, 0);
	} else {
		CHECK_EQ(guard % sysconf(_SC_PAGESIZE), 0);
		CHECK(size >= asked);
		/* NPTL hands out cached stacks of up to four times it. */
		CHECK(size <= 4 * asked + 65536);
		/* The thread has used little of it so far. */
		CHECK((uintptr_t)addr + size - (uintptr_t)local < 16384);
	}
	CHECK_OK(pthread_attr_destroy(&a));
}

static void *start(void *arg)
{
	char local = 0;

	check_stack(&local, 0);
	sched_yield();
	usleep(100);
	check_stack(&local, 0);
	return arg;
}

static void run(size_t size)
{
	pthread_attr_t a;
	pthread_t t;

	asked = size;
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, size));
	CHECK_OK(pthread_create(&t, &a, start, NULL));
	check_join(t);
	CHECK_OK(pthread_attr_destroy(&a));
}

/* The writable part: touching the lowest byte above the guard works. */
static void *touches_lowest(void *arg)
{
	pthread_attr_t a;
	size_t size, guard;
	void *addr;

	CHECK_OK(pthread_getattr_np(pthread_self(), &a));
	CHECK_OK(pthread_attr_getstack(&a, &addr, &size));
	CHECK_OK(pthread_attr_getguardsize(&a, &guard));
	CHECK_OK(pthread_attr_destroy(&a));
	for (size_t at = 0; at + 65536 < size; at += 4096)
		((volatile char *)addr)[at] = 1;
	return arg;
}

int main(void)
{
	struct rlimit limit;
	char local = 0;

	check_stack(&local, 1);
	run(PTHREAD_STACK_MIN);
	run(check_stack_size(32 * 1024));
	run(check_stack_size(64 * 1024));
	run(1024 * 1024);
	run(100 * 4096);
	CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
	if (limit.rlim_cur != RLIM_INFINITY)
		run(limit.rlim_cur);
	check_join(check_spawn(touches_lowest, NULL));
	/* And main's, now that threads have been made. */
	check_stack(&local, 1);
	puts("stacks are where they are said to be");
	return 0;
}
