/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that is linked to run code on its stack, as those with nested
 * functions are, does so on the stack of a thread.
 */
#include "check.h"

#if defined(__x86_64__)
/* mov $42, %eax; ret */
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
#elif defined(__aarch64__)
/* mov w0, 42; ret */
static const unsigned int code[] = { 0x52800540, 0xd65f03c0 };
#else
static const unsigned char code[1];
#endif

static void *runs(void *arg)
{
	char here[64] __attribute__((aligned(16)));
	int (*fn)(void) = (int (*)(void))(void *)here;

	memcpy(here, code, sizeof code);
	__builtin___clear_cache(here, here + sizeof here);
	CHECK_EQ(fn(), 42);
	return arg;
}

int main(void)
{
	pthread_t t[20];

	if (sizeof code == 1)
		return CHECK_SKIPPED;
	for (int i = 0; i < 20; i++)
		t[i] = check_spawn(runs, NULL);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	puts("ran on their stacks");
	return 0;
}
