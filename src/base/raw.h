/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw system calls: no errno, no cancellation, no libc.
 *
 * Every function returns the kernel's result: >= 0, or -errno.
 * Context: any thread, fiber, scheduler stack, async-signal.
 *
 * x86-64: number and result in rax; arguments in rdi rsi rdx r10 r8 r9;
 *         rcx and r11 are clobbered.
 * aarch64: number in x8; arguments in x0-x5; result in x0.
 */
#ifndef ZAG_BASE_RAW_H
#define ZAG_BASE_RAW_H

#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long zag_raw6(long n, long a, long b, long c, long d, long e,
			    long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long zag_raw6(long n, long a, long b, long c, long d, long e,
			    long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "zagshim knows x86-64 and aarch64"
#endif

/* zag_raw(SYS_read, fd, buf, n): up to six arguments of any scalar type. */
#define ZAG_RAW_ARG(x) ((long)(x))
#define ZAG_RAW1(n) zag_raw6(n, 0, 0, 0, 0, 0, 0)
#define ZAG_RAW2(n, a) zag_raw6(n, ZAG_RAW_ARG(a), 0, 0, 0, 0, 0)
#define ZAG_RAW3(n, a, b) \
	zag_raw6(n, ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), 0, 0, 0, 0)
#define ZAG_RAW4(n, a, b, c) \
	zag_raw6(n, ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), ZAG_RAW_ARG(c), 0, 0, 0)
#define ZAG_RAW5(n, a, b, c, d)                                           \
	zag_raw6(n, ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), ZAG_RAW_ARG(c),       \
		 ZAG_RAW_ARG(d), 0, 0)
#define ZAG_RAW6(n, a, b, c, d, e)                                        \
	zag_raw6(n, ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), ZAG_RAW_ARG(c),       \
		 ZAG_RAW_ARG(d), ZAG_RAW_ARG(e), 0)
#define ZAG_RAW7(n, a, b, c, d, e, f)                                     \
	zag_raw6(n, ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), ZAG_RAW_ARG(c),       \
		 ZAG_RAW_ARG(d), ZAG_RAW_ARG(e), ZAG_RAW_ARG(f))
#define ZAG_RAW_PICK(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define zag_raw(...)                                                      \
	ZAG_RAW_PICK(__VA_ARGS__, ZAG_RAW7, ZAG_RAW6, ZAG_RAW5, ZAG_RAW4, \
		     ZAG_RAW3, ZAG_RAW2, ZAG_RAW1)(__VA_ARGS__)

#endif
