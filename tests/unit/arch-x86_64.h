/* SPDX-License-Identifier: BSD-2-Clause */
/* What test_arch.c needs to know of x86-64: registers and control words. */
#ifndef ZAG_UNIT_ARCH_X86_64_H
#define ZAG_UNIT_ARCH_X86_64_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"

/* The thread pointer is set by a system call (0) or an instruction (1). */
enum { WAYS = 2 };
extern uint8_t zag_arch_have_wrfsbase;

static inline bool use_way(int i)
{
	zag_arch_init();
	if (i > zag_arch_have_wrfsbase)
		return false;
	zag_arch_have_wrfsbase = (uint8_t)i;
	return true;
}

/* The ABI: (rsp + 8) is a multiple of 16 at a function's entry. */
enum { SP_AT_ENTRY = 8 };

/* Calls entered(arg, stack pointer). */
__asm__(".text\n"
	".type entry, @function\n"
	"entry:\n"
	"	movq	%rsp, %rsi\n"
	"	subq	$8, %rsp\n"
	"	call	entered\n"
	"	ud2\n");

/* Switch with known values in every callee-saved register; how many were
 * changed when it is back. */
uint64_t switch_checked(struct zag_context *from, struct zag_context *to,
			uint64_t base);
__asm__(".text\n"
	".type switch_checked, @function\n"
	"switch_checked:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	pushq	%rdx\n"
	"	leaq	1(%rdx), %rbx\n"
	"	leaq	2(%rdx), %rbp\n"
	"	leaq	3(%rdx), %r12\n"
	"	leaq	4(%rdx), %r13\n"
	"	leaq	5(%rdx), %r14\n"
	"	leaq	6(%rdx), %r15\n"
	"	call	zag_arch_switch\n"
	"	popq	%rdx\n"
	"	xorl	%eax, %eax\n"
	"	.macro	check reg, n\n"
	"	leaq	\\n(%rdx), %rcx\n"
	"	cmpq	%rcx, \\reg\n"
	"	je	1f\n"
	"	incq	%rax\n"
	"1:\n"
	"	.endm\n"
	"	check	%rbx, 1\n"
	"	check	%rbp, 2\n"
	"	check	%r12, 3\n"
	"	check	%r13, 4\n"
	"	check	%r14, 5\n"
	"	check	%r15, 6\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	ret\n");

/* int3, somewhere in what a jump would be written over. */
enum { BREAKPOINT_AT = 5 };
static const unsigned char breakpoint[] = { 0xcc };

/* MXCSR, the x87 control word. */
struct words {
	uint32_t a, b;
};

static inline struct words get_words(void)
{
	struct words w;
	uint16_t cw;

	__asm__ volatile("stmxcsr %0" : "=m"(w.a));
	__asm__ volatile("fnstcw %0" : "=m"(cw));
	w.b = cw;
	return w;
}

static inline void set_words(struct words w)
{
	uint16_t cw = (uint16_t)w.b;

	__asm__ volatile("ldmxcsr %0" : : "m"(w.a));
	__asm__ volatile("fldcw %0" : : "m"(cw));
}

/* Rounding: the default, up, down; one with the invalid flag raised. */
static const struct words modes[] = {
	{ 0x1f80, 0x037f }, { 0x5f80, 0x037f }, { 0x1f80, 0x0b7f },
	{ 0x3f80, 0x077f }, { 0x1f81, 0x037f }, { 0x7f80, 0x027f },
};

#endif
