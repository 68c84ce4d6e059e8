/* SPDX-License-Identifier: BSD-2-Clause */
/* What test_arch.c needs to know of aarch64: registers and control words. */
#ifndef ZAG_UNIT_ARCH_AARCH64_H
#define ZAG_UNIT_ARCH_AARCH64_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"

/* There is one way to set the thread pointer. */
enum { WAYS = 1 };

static inline bool use_way(int i)
{
	zag_arch_init();
	return i == 0;
}

/* The ABI: sp is a multiple of 16 always. */
enum { SP_AT_ENTRY = 0 };

/* Calls entered(arg, stack pointer). */
__asm__(".text\n"
	".type entry, %function\n"
	"entry:\n"
	"	hint	#34\n" /* bti c */
	"	mov	x1, sp\n"
	"	bl	entered\n"
	"	brk	#1\n");

/* Switch with known values in every callee-saved register; how many were
 * changed when it is back. */
uint64_t switch_checked(struct zag_context *from, struct zag_context *to,
			uint64_t base);
__asm__(".text\n"
	"	.macro	each what\n"
	"	\\what	x19, 1\n"
	"	\\what	x20, 2\n"
	"	\\what	x21, 3\n"
	"	\\what	x22, 4\n"
	"	\\what	x23, 5\n"
	"	\\what	x24, 6\n"
	"	\\what	x25, 7\n"
	"	\\what	x26, 8\n"
	"	\\what	x27, 9\n"
	"	\\what	x28, 10\n"
	"	\\what	x29, 11\n"
	"	\\what	d8, 12\n"
	"	\\what	d9, 13\n"
	"	\\what	d10, 14\n"
	"	\\what	d11, 15\n"
	"	\\what	d12, 16\n"
	"	\\what	d13, 17\n"
	"	\\what	d14, 18\n"
	"	\\what	d15, 19\n"
	"	.endm\n"
	"	.macro	keep reg, n\n"
	"	str	\\reg, [sp, #8 * \\n]\n"
	"	.endm\n"
	"	.macro	restore reg, n\n"
	"	ldr	\\reg, [sp, #8 * \\n]\n"
	"	.endm\n"
	"	.macro	fill reg, n\n"
	"	add	x9, x2, #\\n\n"
	"	str	x9, [sp, #176]\n"
	"	ldr	\\reg, [sp, #176]\n"
	"	.endm\n"
	"	.macro	check reg, n\n"
	"	str	\\reg, [sp, #176]\n"
	"	ldr	x9, [sp, #176]\n"
	"	add	x10, x2, #\\n\n"
	"	cmp	x9, x10\n"
	"	cinc	x0, x0, ne\n"
	"	.endm\n"
	".type switch_checked, %function\n"
	"switch_checked:\n"
	"	hint	#34\n"
	"	sub	sp, sp, #192\n"
	"	str	x2, [sp, #168]\n"
	"	str	x30, [sp]\n"
	"	each	keep\n"
	"	each	fill\n"
	"	bl	zag_arch_switch\n"
	"	ldr	x2, [sp, #168]\n"
	"	mov	x0, #0\n"
	"	each	check\n"
	"	each	restore\n"
	"	ldr	x30, [sp]\n"
	"	add	sp, sp, #192\n"
	"	ret\n");

/* brk #0, where a jump would begin. */
enum { BREAKPOINT_AT = 0 };
static const unsigned char breakpoint[] = { 0x00, 0x00, 0x20, 0xd4 };

/* SME, spelled so that any assembler knows it. */
extern uint8_t zag_arch_have_sme;

struct za_block { /* what TPIDR2_EL0 points at */
	void *buffer;
	uint16_t rows;
	uint16_t zero[3];
};

static inline uint64_t za_row_size(void) /* and how many rows there are */
{
	register uint64_t x0 __asm__("x0");

	__asm__(".inst 0x04bf5820" /* rdsvl x0, #1 */ : "=r"(x0));
	return x0;
}

/* Put n rows into ZA, and leave word of where to save them. */
static inline void za_leave(const char *row, uint64_t n, struct za_block *b)
{
	register const char *x10 __asm__("x10") = row;

	__asm__ volatile(".inst 0xd503457f\n\t" /* smstart za */
			 "mov	w15, #0\n"
			 "1:	.inst 0xe1006140\n\t" /* ldr za[w15, 0], [x10] */
			 ".inst 0x042a582a\n\t" /* addsvl x10, x10, #1 */
			 "add	w15, w15, #1\n\t"
			 "cmp	x15, %1\n\t"
			 "b.lo	1b\n\t"
			 "msr	s3_3_c13_c0_5, %2" /* tpidr2_el0 */
			 : "+r"(x10)
			 : "r"(n), "r"(b)
			 : "x15", "cc", "memory");
}

/* Whether ZA is off and TPIDR2_EL0 clear. */
static inline bool za_is_free(void)
{
	uint64_t svcr, tpidr2;

	__asm__ volatile("mrs %0, s3_3_c4_c2_2" : "=r"(svcr));
	__asm__ volatile("mrs %0, s3_3_c13_c0_5" : "=r"(tpidr2));
	return !svcr && !tpidr2;
}

/* FPCR, FPSR. */
struct words {
	uint32_t a, b;
};

static inline struct words get_words(void)
{
	uint64_t a, b;

	__asm__ volatile("mrs %0, fpcr" : "=r"(a));
	__asm__ volatile("mrs %0, fpsr" : "=r"(b));
	return (struct words){ (uint32_t)a, (uint32_t)b };
}

static inline void set_words(struct words w)
{
	__asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)w.a));
	__asm__ volatile("msr fpsr, %0" : : "r"((uint64_t)w.b));
}

/* Rounding: the default, up, down, to zero; flags raised; flush to zero. */
static const struct words modes[] = {
	{ 0, 0 },	{ 1 << 22, 0 }, { 2 << 22, 0 },
	{ 3 << 22, 1 }, { 0, 0x10 },	{ 1 << 24, 0 },
};

#endif
