/* SPDX-License-Identifier: BSD-2-Clause */
/* What aarch64 can do, and the first frame of a new context. */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"

#ifndef HWCAP2_SME
#define HWCAP2_SME (1 << 23)
#endif

/* Read by switch.S: there is a ZA array to be left behind in order. */
uint8_t zag_arch_have_sme;

uint32_t zag_arch_ticks_per_us = 1;

void zag_arch_entry(void);

/* What zag_arch_switch loads, lowest address first. */
struct frame {
	uint64_t x29;
	uintptr_t x30;
	uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
	uint64_t d8_d15[8];
	uint64_t fpcr, fpsr;
};
_Static_assert(sizeof(struct frame) == 176, "switch.S knows the frame");

/* The address as zag_arch_switch finds it stored on a stack whose pointer is
 * sp there: signed, where return addresses are. */
static uintptr_t return_address(void (*to)(void), void *sp)
{
#if defined(__ARM_FEATURE_PAC_DEFAULT)
	register uintptr_t x17 __asm__("x17") = (uintptr_t)to;
	register uintptr_t x16 __asm__("x16") = (uintptr_t)sp;

	__asm__("hint #8" /* pacia1716 */ : "+r"(x17) : "r"(x16));
	return x17;
#else
	(void)sp;
	return (uintptr_t)to;
#endif
}

void zag_arch_context_init(struct zag_context *ctx, void *stack_top, void *tp,
			   void (*fn)(void *arg), void *arg)
{
	struct frame *f = (struct frame *)zag_round_down(
		(uintptr_t)stack_top - sizeof(*f), 16);

	memset(f, 0, sizeof(*f));
	__asm__("mrs %0, fpcr" : "=r"(f->fpcr));
	__asm__("mrs %0, fpsr" : "=r"(f->fpsr));
	f->x19 = (uintptr_t)fn;
	f->x20 = (uintptr_t)arg;
	f->x30 = return_address(zag_arch_entry, f + 1);
	ctx->sp = f;
	ctx->tp = tp;
}

/* Labels in syscall.S. */
extern const char zag_arch_syscall_begin[]
	__attribute__((visibility("hidden")));
extern const char zag_arch_syscall_end[] __attribute__((visibility("hidden")));
extern const char zag_arch_syscall_call[]
	__attribute__((visibility("hidden")));
extern const char zag_arch_syscall_stopped[]
	__attribute__((visibility("hidden")));
extern const char zag_arch_syscall_unmade[]
	__attribute__((visibility("hidden")));

void zag_arch_syscall_interrupt(void *ucontext)
{
	mcontext_t *m = &((ucontext_t *)ucontext)->uc_mcontext;
	const char *pc = (const char *)m->pc;

	if (pc < zag_arch_syscall_begin || pc >= zag_arch_syscall_end)
		return;
	if (!zag_load_rlx((const _Atomic uint32_t *)m->regs[9]))
		return;
	/* At the call itself nothing tells whether it is the first time. */
	m->pc = (uintptr_t)(pc == zag_arch_syscall_call ?
				    zag_arch_syscall_stopped :
				    zag_arch_syscall_unmade);
}

void zag_arch_start(void)
{
}

/* Some firmware does not set the counter's rate; 1 MHz is the least that any
 * machine has. */
void zag_arch_init(void)
{
	uint64_t hz;

	zag_arch_have_sme = (getauxval(AT_HWCAP2) & HWCAP2_SME) != 0;
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	zag_arch_ticks_per_us = (uint32_t)zag_max(hz / 1000000, (uint64_t)1);
}
