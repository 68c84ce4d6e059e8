/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread named "deep-diver" overflows its stack: SIGSEGV, no core. */
#include "check.h"

#include <sys/resource.h>

static long dive(long depth);
static long (*volatile deeper)(long) = dive;

static long dive(long depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	return deeper(depth + 1) + frame[0];
}

static void *start(void *arg)
{
	CHECK_OK(pthread_setname_np(pthread_self(), "deep-diver"));
	return (void *)dive((long)arg);
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	pthread_attr_t a;
	pthread_t t;

	CHECK_EQ(setrlimit(RLIMIT_CORE, &none), 0);
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, 128 * 1024));
	CHECK_OK(pthread_create(&t, &a, start, NULL));
	check_join(t);
	puts("no overflow");
	return 0;
}
