/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread starts with the stack aligned as the ABI says. */
#include "check.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>

/* A 16-byte aligned local lets the compiler use aligned vector moves. */
static void __attribute__((noinline)) fill(float *out, float seed)
{
	alignas(16) volatile float v[8];
	alignas(64) volatile char wide[64];

	CHECK_EQ((uintptr_t)v % 16, 0);
	CHECK_EQ((uintptr_t)wide % 64, 0);
	for (int i = 0; i < 8; i++)
		v[i] = seed * (float)i;
	for (int i = 0; i < 8; i++)
		out[i] = v[i];
}

/* va_start saves the vector registers with aligned moves. */
static double __attribute__((noinline)) sum(int n, ...)
{
	va_list ap;
	double total = 0;

	va_start(ap, n);
	while (n-- > 0)
		total += va_arg(ap, double);
	va_end(ap);
	return total;
}

static void *start(void *arg)
{
	char text[64];
	float out[8];
#if defined(__x86_64__)
	struct { alignas(16) char b[16]; } x = { "fifteen letters" }, y;

	__asm__ volatile("movaps %1, %%xmm0\n\tmovaps %%xmm0, %0"
			 : "=m"(y) : "m"(x) : "xmm0");
	CHECK_EQ(memcmp(&x, &y, sizeof x), 0);
#endif
	CHECK_EQ((uintptr_t)__builtin_frame_address(0) % 16, 0);
	fill(out, 1.5f);
	CHECK(out[7] == 10.5f);
	CHECK(sum(4, 1.0, 2.0, 3.0, 4.0) == 10.0);
	snprintf(text, sizeof text, "%.4Lf %.2f", 1.25L, 0.75);
	CHECK_EQ(strcmp(text, "1.2500 0.75"), 0);
	return arg;
}

int main(void)
{
	/* Odd sizes must not put the top of the stack at an odd place. */
	static const size_t more[] = { 0, 1, 8, 34464, 65528 };

	for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
		pthread_attr_t a;
		pthread_t t;

		CHECK_OK(pthread_attr_init(&a));
		CHECK_OK(pthread_attr_setstacksize(&a, check_stack_size(65536) +
						       more[i]));
		CHECK_OK(pthread_create(&t, &a, start, NULL));
		check_join(t);
		CHECK_OK(pthread_attr_destroy(&a));
	}
	check_join(check_spawn(start, NULL));
	puts("aligned");
	return 0;
}
