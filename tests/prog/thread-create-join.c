/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_create passes its argument; pthread_join hands back the value. */
#include "check.h"

#include <stdint.h>

#define COUNT 200

/*
 * POSIX pthread_create(): "The thread is created executing start_routine with
 * arg as its sole argument.  If the start_routine returns, the effect shall be
 * as if there was an implicit call to pthread_exit() using the return value".
 */
static void *plus_one(void *arg)
{
	return (void *)((uintptr_t)arg + 1);
}

static void *exits(void *arg)
{
	pthread_exit((void *)((uintptr_t)arg * 2));
}

static void *slow(void *arg)
{
	check_msleep(50);
	return arg;
}

static void *joins_first(void *arg)
{
	return check_join(*(pthread_t *)arg);
}

/* pthread_join() by the thread itself: "[EDEADLK] may", and NPTL does. */
static void *joins_self(void *arg)
{
	(void)arg;
	CHECK_RC(pthread_join(pthread_self(), NULL), EDEADLK);
	return NULL;
}

int main(void)
{
	pthread_t t[COUNT];
	pthread_t first;

	/* One after the other: the second use of a recycled thread is clean. */
	for (uintptr_t i = 0; i < COUNT; i++)
		CHECK_EQ(check_join(check_spawn(plus_one, (void *)i)), i + 1);

	/* All at once, joined in reverse order. */
	for (uintptr_t i = 0; i < COUNT; i++)
		t[i] = check_spawn(i % 2 ? plus_one : exits, (void *)i);
	for (uintptr_t i = COUNT; i-- > 0;)
		CHECK_EQ(check_join(t[i]), i % 2 ? i + 1 : i * 2);

	/* Joining before the end, after it, by another thread, no value. */
	first = check_spawn(slow, &first);
	CHECK(check_join(first) == &first);
	first = check_spawn(plus_one, NULL);
	check_msleep(50);
	CHECK_EQ(check_join(first), 1);
	first = check_spawn(slow, &t);
	CHECK(check_join(check_spawn(joins_first, &first)) == &t);
	first = check_spawn(slow, NULL);
	CHECK_OK(pthread_join(first, NULL));

	check_join(check_spawn(joins_self, NULL));
	puts("values joined");
	return 0;
}
