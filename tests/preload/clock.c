/* SPDX-License-Identifier: BSD-2-Clause */
/* A CLOCK_REALTIME that a program sets by clock_offset, in seconds. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dlfcn.h>
#include <time.h>

extern volatile int clock_offset;
volatile int clock_offset;

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static int (*libcs)(clockid_t, struct timespec *);
	int r;

	if (!libcs)
		*(void **)&libcs = dlsym(RTLD_NEXT, "clock_gettime");
	r = libcs(clock, t);
	if (!r && clock == CLOCK_REALTIME)
		t->tv_sec += clock_offset;
	return r;
}
