/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_exit from deep inside calls runs cleanup handlers, then keys. */
#include "check.h"

#include <stdint.h>

static char order[16];
static int at;
static pthread_key_t key;

static void push(void *what)
{
	order[at++] = (char)(uintptr_t)what;
}

/*
 * POSIX pthread_exit(): "Any cancellation cleanup handlers that have been
 * pushed and not yet popped shall be popped in the reverse order that they
 * were pushed and then executed.  After all ... if the thread has any
 * thread-specific data, appropriate destructor functions shall be called".
 */
static void deep(int depth);
static void (*volatile deeper)(int) = deep;

static void deep(int depth)
{
	volatile char pad[256];

	pad[0] = (char)depth;
	pthread_cleanup_push(push, (void *)(uintptr_t)('0' + depth % 10));
	if (depth == 0)
		pthread_exit((void *)0x5eed);
	deeper(depth - 1);
	pthread_cleanup_pop(1);
	CHECK_EQ(pad[0], depth);
	check_fail("pthread_exit returned");
}

static void *start(void *arg)
{
	CHECK_OK(pthread_setspecific(key, (void *)'k'));
	pthread_cleanup_push(push, (void *)'x');
	pthread_cleanup_pop(0);
	pthread_cleanup_push(push, (void *)'p');
	pthread_cleanup_pop(1);
	deep(4);
	return arg;
}

int main(void)
{
	CHECK_OK(pthread_key_create(&key, push));
	for (int round = 0; round < 10; round++) {
		memset(order, 0, sizeof order);
		at = 0;
		CHECK_EQ(check_join(check_spawn(start, NULL)), 0x5eed);
		if (strcmp(order, "p01234k") != 0)
			check_fail("handlers ran as %s", order);
	}
	puts(order);
	return 0;
}
