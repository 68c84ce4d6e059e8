/* SPDX-License-Identifier: BSD-2-Clause */
/* __thread of several sizes and alignments: initial values, own copies. */
#include "check.h"

#include <stdint.h>

#define THREADS 64
#define BIG 43084	/* as much as one well-known proxy has */

struct aligned64 {
	_Alignas(64) char bytes[64];
};

static __thread char one = 'x';
static __thread int number = 12345;
static __thread long zero;
static __thread const char *text = "initialised";
static __thread struct aligned64 line = { "on a line of its own" };
static __thread _Alignas(32) double vector[4] = { 1, 2, 3, 4 };
static __thread char big[BIG];
static __thread int *self_pointer;

static void check_initial(void)
{
	CHECK_EQ(one, 'x');
	CHECK_EQ(number, 12345);
	CHECK_EQ(zero, 0);
	CHECK_EQ(strcmp(text, "initialised"), 0);
	CHECK_EQ(strcmp(line.bytes, "on a line of its own"), 0);
	CHECK_EQ((uintptr_t)&line % 64, 0);
	CHECK_EQ((uintptr_t)vector % 32, 0);
	CHECK(vector[3] == 4);
	for (int i = 0; i < BIG; i++)
		CHECK_EQ(big[i], 0);
	CHECK(self_pointer == NULL);
}

static void *start(void *arg)
{
	long me = (long)arg;

	check_initial();
	one = (char)me;
	number = (int)me;
	zero = me;
	text = "changed";
	line.bytes[63] = (char)me;
	vector[3] = (double)me;
	memset(big, (int)me, sizeof big);
	self_pointer = &number;
	for (int round = 0; round < 20; round++) {
		if (round % 5)
			sched_yield();
		else
			usleep(50);
		CHECK_EQ(one, (char)me);
		CHECK_EQ(number, me);
		CHECK_EQ(zero, me);
		CHECK_EQ(text[0], 'c');
		CHECK_EQ(line.bytes[63], (char)me);
		CHECK(vector[3] == (double)me);
		CHECK_EQ(big[0], (char)me);
		CHECK_EQ(big[BIG - 1], (char)me);
		/* An address taken once stays this thread's variable. */
		CHECK(self_pointer == &number);
	}
	return &number;
}

int main(void)
{
	pthread_t t[THREADS];

	check_initial();
	number = -1;
	/* The second lot runs on what the first one left behind. */
	for (int lot = 0; lot < 2; lot++) {
		for (long i = 0; i < THREADS; i++)
			t[i] = check_spawn(start, (void *)(i + 1));
		for (int i = 0; i < THREADS; i++)
			CHECK(check_join(t[i]) != &number);
	}
	CHECK_EQ(number, -1);
	CHECK_EQ(one, 'x');
	puts("each thread has its own");
	return 0;
}
