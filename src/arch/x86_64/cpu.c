/* SPDX-License-Identifier: BSD-2-Clause */
/* What x86-64 can do, and the first frame of a new context. */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"

#ifndef HWCAP2_FSGSBASE
#define HWCAP2_FSGSBASE (1 << 1)
#endif

/* Read by switch.S. */
uint8_t zag_arch_have_wrfsbase;

uint32_t zag_arch_ticks_per_us = 1000;

void zag_arch_entry(void);

/* What zag_arch_switch pops, lowest address first. */
struct frame {
	uint32_t mxcsr;
	uint32_t x87cw;
	uint64_t r15, r14, r13, r12, rbx, rbp;
	void (*rip)(void);
	uint64_t pad;
};

void zag_arch_context_init(struct zag_context *ctx, void *stack_top, void *tp,
			   void (*fn)(void *arg), void *arg)
{
	/* After its ret, at zag_arch_entry, rsp % 16 must be 0: the call there
	 * then leaves what the ABI wants at fn's entry. */
	struct frame *f = (struct frame *)zag_round_down(
		(uintptr_t)stack_top - sizeof(*f), 16);
	uint16_t cw;

	memset(f, 0, sizeof(*f));
	__asm__("stmxcsr %0" : "=m"(f->mxcsr));
	__asm__("fnstcw %0" : "=m"(cw));
	f->x87cw = cw;
	f->rbx = (uintptr_t)fn;
	f->r12 = (uintptr_t)arg;
	f->rip = zag_arch_entry;
	ctx->sp = f;
	ctx->tp = tp;
}

/* Labels in syscall.S. */
extern const char zag_arch_syscall_begin[]
	__attribute__((visibility("hidden")));
extern const char zag_arch_syscall_call[] __attribute__((visibility("hidden")));
extern const char zag_arch_syscall_end[] __attribute__((visibility("hidden")));
extern const char zag_arch_syscall_stopped[]
	__attribute__((visibility("hidden")));
extern const char zag_arch_syscall_unmade[]
	__attribute__((visibility("hidden")));

void zag_arch_syscall_interrupt(void *ucontext)
{
	greg_t *reg = ((ucontext_t *)ucontext)->uc_mcontext.gregs;
	const char *pc = (const char *)reg[REG_RIP];

	if (pc < zag_arch_syscall_begin || pc >= zag_arch_syscall_end)
		return;
	if (!zag_load_rlx((const _Atomic uint32_t *)reg[REG_RBX]))
		return;
	if (pc == zag_arch_syscall_call &&
	    reg[REG_RCX] == (greg_t)zag_arch_syscall_end)
		reg[REG_RIP] = (greg_t)zag_arch_syscall_stopped;
	else
		reg[REG_RIP] = (greg_t)zag_arch_syscall_unmade;
}

/* The rate of rdtsc, measured once against the clock for 50 us or more. */
static struct look {
	struct timespec time;
	uint64_t ticks;
} first_look;

static struct look look(void)
{
	struct look l;

	clock_gettime(CLOCK_MONOTONIC, &l.time);
	l.ticks = zag_arch_ticks();
	return l;
}

void zag_arch_start(void)
{
	first_look = look();
}

/* What booting does before this takes long enough. */
static void calibrate(void)
{
	struct look now;
	double ns;

	if (!first_look.ticks)
		first_look = look();
	do {
		now = look();
		ns = (double)(now.time.tv_sec - first_look.time.tv_sec) * 1e9 +
		     (double)(now.time.tv_nsec - first_look.time.tv_nsec);
	} while (ns < 50000);
	zag_arch_ticks_per_us =
		(uint32_t)((double)(now.ticks - first_look.ticks) * 1000 / ns) +
		1;
}

void zag_arch_init(void)
{
	zag_arch_have_wrfsbase =
		(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
	calibrate();
}
