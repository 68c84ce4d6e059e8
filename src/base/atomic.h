/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomic operations with the ordering in the name. */
#ifndef ZAG_BASE_ATOMIC_H
#define ZAG_BASE_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define zag_load_rlx(p) atomic_load_explicit((p), memory_order_relaxed)
#define zag_load_acq(p) atomic_load_explicit((p), memory_order_acquire)
#define zag_store_rlx(p, v) \
	atomic_store_explicit((p), (v), memory_order_relaxed)
#define zag_store_rel(p, v) \
	atomic_store_explicit((p), (v), memory_order_release)
#define zag_xchg(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
#define zag_add(p, v) \
	atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define zag_sub(p, v) \
	atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define zag_or(p, v) atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define zag_and(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)

/* Compare and swap; *exp is what was found when it fails. */
#define zag_cas(p, exp, v)                                          \
	atomic_compare_exchange_strong_explicit((p), (exp), (v),    \
						memory_order_acq_rel, \
						memory_order_acquire)

/* Add to a counter only one thread writes and others read. */
#define zag_count(p, n) zag_store_rlx((p), zag_load_rlx(p) + (n))

/*
 * The same for hot paths, and the writer's own look at such a word: one
 * instruction, where compilers take an atomic load, an operation and an atomic
 * store to be three.
 */
static inline void zag_count_one(_Atomic uint64_t *p)
{
#if defined(__x86_64__)
	__asm__("incq %0" : "+m"(*p) : : "cc");
#else
	zag_count(p, 1);
#endif
}

static inline uint64_t zag_load_own(const _Atomic uint64_t *p)
{
	return *(const uint64_t *)p;
}

#define zag_fence() atomic_thread_fence(memory_order_seq_cst)
/* Stores before it are seen before stores after it, by the kernel too. */
#define zag_fence_stores() atomic_thread_fence(memory_order_release)
/* Orders against a handler, or a membarrier(2), on the same CPU only. */
#define zag_compiler_fence() atomic_signal_fence(memory_order_seq_cst)

/*
 * After an operation above that reads and writes (or zag_unlock): loads that
 * follow see memory as it is after it.  x86's locked instructions are fences;
 * acquire and release alone let a later load of something else go first.
 */
static inline void zag_fence_after_rmw(void)
{
#if defined(__x86_64__)
	zag_compiler_fence();
#else
	zag_fence();
#endif
}

static inline void zag_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	/* yield is a nop on nearly all of them; this takes about as long as
	 * x86's pause. */
	__asm__ volatile("isb" : : : "memory");
#endif
}

#endif
