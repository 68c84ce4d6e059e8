/* SPDX-License-Identifier: BSD-2-Clause */
/* The floating-point environment is the thread's own and is inherited. */
#include "check.h"

#include <fenv.h>

#define THREADS 40

static const int modes[] = {
	FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO,
};

/* 1/3 in this mode, by SSE and by x87, whichever the compiler uses. */
static double __attribute__((noinline)) third(void)
{
	volatile double one = 1, three = 3;

	return one / three;
}

static long double __attribute__((noinline)) third_long(void)
{
	volatile long double one = 1, three = 3;

	return one / three;
}

static void *start(void *arg)
{
	int mode = modes[(long)arg % 4];
	long double want_long;
	double want;

	/* "The new thread's floating-point environment is the creator's." */
	CHECK_EQ(fegetround(), FE_UPWARD);
	CHECK_EQ(fesetround(mode), 0);
	want = third();
	want_long = third_long();
	for (int i = 0; i < 100; i++) {
		sched_yield();
		if (i % 20 == 0)
			usleep(50);
		CHECK_EQ(fegetround(), mode);
		CHECK(third() == want);
		CHECK(third_long() == want_long);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	double down, up;

	CHECK_EQ(fesetround(FE_DOWNWARD), 0);
	down = third();
	CHECK_EQ(fesetround(FE_UPWARD), 0);
	up = third();
	CHECK(up > down);
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(fegetround(), FE_UPWARD);
	puts("rounding modes kept");
	return 0;
}
