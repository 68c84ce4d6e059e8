/* SPDX-License-Identifier: BSD-2-Clause */
/* Code built with a stack protector and setjmp works in every thread. */
#include "check.h"

#include <setjmp.h>

#define THREADS 40

static long __attribute__((noinline)) protected_sum(const char *text)
{
	char copy[64];
	long sum = 0;

	/* An array this size gets a canary from %fs:0x28 or its like. */
	snprintf(copy, sizeof copy, "%s", text);
	sched_yield();
	for (size_t i = 0; copy[i]; i++)
		sum += copy[i];
	return sum;
}

/* longjmp takes the pointer guard from the TCB, in this thread. */
static int jumps(int times)
{
	jmp_buf env;
	volatile int count = 0;

	if (setjmp(env) < times) {
		count++;
		sched_yield();
		if (count % 5 == 0)
			usleep(10);
		longjmp(env, count);
	}
	return count;
}

static void *start(void *arg)
{
	long want = 'a' + 'b' + 'c';

	for (int i = 0; i < 20; i++) {
		CHECK_EQ(protected_sum("abc"), want);
		CHECK_EQ(jumps(10), 10);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	start(NULL);
	puts("guards hold");
	return 0;
}
