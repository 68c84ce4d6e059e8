/* SPDX-License-Identifier: BSD-2-Clause */
/* The context switch on aarch64: stack, thread pointer, callee-saved state. */

	.hidden	zag_arch_have_sme

/* Spelled as hints and by encoding where an older assembler, or one that aims
 * at an older CPU, would refuse them; hints do nothing where unknown. */
#define BTI_C		hint	#34
#define BTI_JC		hint	#38
#define PACIASP		hint	#25
#define AUTIASP		hint	#29
#define TPIDR2_EL0	s3_3_c13_c0_5
#define SVCR		s3_3_c4_c2_2
#define SVCR_ZA_BIT	1

/* Compiled with -mbranch-protection, return addresses are signed, with the
 * stack pointer, before they are stored: paciasp is a landing pad as well. */
#if defined(__ARM_FEATURE_PAC_DEFAULT)
	.macro	enter
	PACIASP
	.cfi_negate_ra_state
	.endm
	.macro	leave
	AUTIASP
	.cfi_negate_ra_state
	ret
	.endm
#else
	.macro	enter
	BTI_C
	.endm
	.macro	leave
	ret
	.endm
#endif

#define FRAME 176 /* struct frame in cpu.c */

	.macro	save r1, r2, at
	stp	\r1, \r2, [sp, #\at]
	.cfi_offset \r1, \at - FRAME
	.cfi_offset \r2, \at + 8 - FRAME
	.endm

	.macro	load r1, r2, at
	ldp	\r1, \r2, [sp, #\at]
	.cfi_restore \r1
	.cfi_restore \r2
	.endm

	.text

/*
 * void zag_arch_switch(struct zag_context *from, struct zag_context *to)
 *
 * On the stack of a suspended context, from its sp: x29, x30 (a frame record),
 * x19 to x28, d8 to d15, FPCR and FPSR (8 bytes each).
 */
	.globl	zag_arch_switch
	.hidden	zag_arch_switch
	.type	zag_arch_switch, %function
	.p2align 4
zag_arch_switch:
	.cfi_startproc
	enter
	sub	sp, sp, #FRAME
	.cfi_def_cfa_offset FRAME
	mrs	x11, fpcr
	mrs	x12, fpsr
	save	x29, x30, 0
	save	x19, x20, 16
	save	x21, x22, 32
	save	x23, x24, 48
	save	x25, x26, 64
	save	x27, x28, 80
	save	d8, d9, 96
	save	d10, d11, 112
	save	d12, d13, 128
	save	d14, d15, 144
	stp	x11, x12, [sp, #160]

	adrp	x9, zag_arch_have_sme
	ldrb	w9, [x9, #:lo12:zag_arch_have_sme]
	cbnz	w9, 5f
1:	mov	x9, sp
	str	x9, [x0]
	ldp	x9, x10, [x1]
	mov	sp, x9
	msr	tpidr_el0, x10

	/* Writing these is slow; they are nearly always equal. */
	ldp	x13, x14, [sp, #160]
	cmp	x11, x13
	b.ne	3f
2:	cmp	x12, x14
	b.ne	4f
6:	.cfi_remember_state
	load	x19, x20, 16
	load	x21, x22, 32
	load	x23, x24, 48
	load	x25, x26, 64
	load	x27, x28, 80
	load	d8, d9, 96
	load	d10, d11, 112
	load	d12, d13, 128
	load	d14, d15, 144
	load	x29, x30, 0
	add	sp, sp, #FRAME
	.cfi_def_cfa_offset 0
	leave
	.cfi_restore_state
3:	msr	fpcr, x13
	b	2b
4:	msr	fpsr, x14
	b	6b

	/*
	 * SME's ZA array belongs to the kernel thread.  A caller that has
	 * something in it has left word in TPIDR2_EL0 of where to save it, as
	 * the ABI has it for whoever needs ZA next: a buffer, and the number
	 * of its rows (16 bits at 8).  In a signal handler ZA is off already.
	 */
5:	mrs	x9, TPIDR2_EL0
	cbz	x9, 1b
	mrs	x10, SVCR
	tbz	x10, #SVCR_ZA_BIT, 8f
	ldr	x10, [x9]
	ldrh	w13, [x9, #8]
	mov	w15, #0
	cbz	x10, 8f
7:	cmp	w15, w13
	b.hs	8f
	.inst	0xe1206140	/* str za[w15, 0], [x10] */
	.inst	0x042a582a	/* addsvl x10, x10, #1 */
	add	w15, w15, #1
	b	7b
8:	msr	TPIDR2_EL0, xzr
	msr	s0_3_c4_c4_3, xzr /* smstop za */
	b	1b
	.cfi_endproc
	.size	zag_arch_switch, . - zag_arch_switch

/*
 * Where a new context begins: x19 = fn, x20 = arg, x29 = 0.  It has no caller,
 * and says so, so that every backtrace of a fiber ends here.
 */
	.globl	zag_arch_entry
	.hidden	zag_arch_entry
	.type	zag_arch_entry, %function
	.p2align 4
zag_arch_entry:
	.cfi_startproc
	.cfi_undefined x30
	BTI_C
	mov	x0, x20
	blr	x19
	brk	#1
	.cfi_endproc
	.size	zag_arch_entry, . - zag_arch_entry

/*
 * Where the unwinding of main's stack ends when main calls pthread_exit: the
 * frame of libc's start code is dead, its stack is still there.  longjmp comes
 * here by br.
 */
	.globl	zag_arch_main_left
	.hidden	zag_arch_main_left
	.type	zag_arch_main_left, %function
	.p2align 4
zag_arch_main_left:
	.cfi_startproc
	.cfi_undefined x30
	BTI_JC
	mov	x29, #0
	bl	zag_fiber_main_left
	brk	#1
	.cfi_endproc
	.size	zag_arch_main_left, . - zag_arch_main_left

	.hidden	zag_fiber_main_left

#include "arch/aarch64/notes.h"
