/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiler attributes and small macros used on every floor. */
#ifndef ZAG_BASE_COMPILER_H
#define ZAG_BASE_COMPILER_H

#include <stddef.h>

#define zag_likely(x) __builtin_expect(!!(x), 1)
#define zag_unlikely(x) __builtin_expect(!!(x), 0)

#define ZAG_EXPORT __attribute__((visibility("default")))
/*
 * False in a build with -DZAG_UNOBSERVED, which tells an observer nothing: to
 * measure what telling costs (make bench-cost), for nothing else.
 */
#ifdef ZAG_UNOBSERVED
#define ZAG_OBSERVED 0
#else
#define ZAG_OBSERVED 1
#endif

/* Data that hot paths read: without it, its address is loaded first. */
#define ZAG_HIDDEN __attribute__((visibility("hidden")))
#define ZAG_NOINLINE __attribute__((noinline))
#define ZAG_COLD __attribute__((cold, noinline))
#define ZAG_UNUSED __attribute__((unused))
#define ZAG_CACHE_LINE 64
#define ZAG_ALIGNED(n) __attribute__((aligned(n)))

/*
 * Thread-local storage of the preload object.  The global-dynamic model may
 * call the allocator on first use in a thread, and an interposed allocator
 * may call us: initial-exec never does (the same choice as in lttng-ust).
 */
#define ZAG_TLS __thread __attribute__((tls_model("initial-exec")))

#define zag_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Each argument is evaluated once: it may be the time. */
#define zag_min(a, b)              \
	({                         \
		__auto_type a_ = (a); \
		__auto_type b_ = (b); \
		a_ < b_ ? a_ : b_; \
	})
#define zag_max(a, b)              \
	({                         \
		__auto_type a_ = (a); \
		__auto_type b_ = (b); \
		a_ > b_ ? a_ : b_; \
	})

/* n rounded up to a power of two `to`. */
#define zag_round_up(n, to) (((n) + (to) - 1) & ~((__typeof__(n))(to) - 1))
#define zag_round_down(n, to) ((n) & ~((__typeof__(n))(to) - 1))

#endif
