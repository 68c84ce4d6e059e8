/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between CPUs: the context switch, the thread pointer, a cheap
 * clock.  One directory per CPU implements it: switch.S and cpu.c.
 */
#ifndef ZAG_ARCH_ARCH_H
#define ZAG_ARCH_ARCH_H

#include <stdatomic.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/raw.h"

/* A suspended flow of control.  Offsets are known to switch.S and zag_debug. */
struct zag_context {
	void *sp; /* callee-saved registers lie there */
	void *tp; /* thread pointer: constant for the life of the context */
};

/*
 * Save the caller in *from and go on in *to, stack and thread pointer.
 * Returns when someone switches back to *from, perhaps on another kernel
 * thread.  Saves what the ABI calls callee-saved, with the floating-point
 * control words; not the signal mask.
 */
void zag_arch_switch(struct zag_context *from, struct zag_context *to);

/*
 * Make *ctx start fn(arg) on the stack that ends at stack_top, with thread
 * pointer tp, when it is first switched to.  fn never returns.  Floating-point
 * control words are the caller's, as in a new pthread.
 */
void zag_arch_context_init(struct zag_context *ctx, void *stack_top, void *tp,
			   void (*fn)(void *arg), void *arg);

/* When booting begins: zag_arch_init looks how far the counter has come. */
void zag_arch_start(void);

/* Switch by wrfsbase where the CPU and kernel allow it.  Once, at boot. */
void zag_arch_init(void);

/*
 * System call nr with arg[6], unless *stop is set by the time it begins: then
 * -ERESTART, it has not been made.  A signal that is sent to this thread after
 * *stop was set ends the call, if its handler calls zag_arch_syscall_interrupt
 * with its context, whether the thread is about to make it (-ERESTART, where the
 * CPU tells), waits in it, or (SA_RESTART) is made to call again: -EINTR.  A
 * call that has had its effect returns its result.
 */
long zag_arch_syscall(const _Atomic uint32_t *stop, long nr, const long *arg);
void zag_arch_syscall_interrupt(void *ucontext);

/* Call a signal handler on the stack that ends at stack_top. */
void zag_arch_call_on(void *stack_top, void (*fn)(int, siginfo_t *, void *),
		      int signo, siginfo_t *si, void *ucontext);

/*
 * Go on with a signal on another stack: copy what the kernel has put on this
 * one to the stack that ends at top, where there is room for
 * zag_arch_signal_size bytes, call fn there, and return from there to what was
 * interrupted.  zag_arch_signal_sp is where that one's stack is free.
 * Context: a handler that the kernel has called.
 */
void zag_arch_signal_move(void *top, void (*fn)(int, siginfo_t *, void *),
			  int signo, const siginfo_t *si,
			  const void *ucontext) __attribute__((noreturn));
size_t zag_arch_signal_size(const void *ucontext);
void *zag_arch_signal_sp(const void *ucontext);

/* The thread pointer of the calling thread. */
static inline void *zag_arch_tp(void)
{
	void *tp;
#if defined(__x86_64__)
	__asm__("mov %%fs:0, %0" : "=r"(tp)); /* tcb->tcb */
#elif defined(__aarch64__)
	__asm__("mrs %0, tpidr_el0" : "=r"(tp));
#endif
	return tp;
}

/* A return address as it is found on a stack, without its signature. */
static inline uintptr_t zag_arch_unsigned(uintptr_t pc)
{
#if defined(__aarch64__)
	register uintptr_t x30 __asm__("x30") = pc;

	__asm__("hint #7" /* xpaclri */ : "+r"(x30));
	return x30;
#else
	return pc;
#endif
}

/* Give the calling kernel thread another one; slow.  Async-signal. */
static inline void zag_arch_set_tp(void *tp)
{
#if defined(__x86_64__)
	zag_raw(SYS_arch_prctl, 0x1002, tp); /* ARCH_SET_FS */
#elif defined(__aarch64__)
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(tp) : "memory");
#endif
}

/* A cheap, roughly constant-rate counter, for "a long time ago" questions. */
static inline uint64_t zag_arch_ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
	return t;
#endif
}

/* Ticks in a microsecond, about; set by zag_arch_init. */
extern uint32_t zag_arch_ticks_per_us;

#endif
