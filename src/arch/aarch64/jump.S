/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * __sigsetjmp, setjmp, getcontext, setcontext, swapcontext on aarch64: what
 * returns twice, and so cannot be a C function around libc's.
 */

	.text
	.hidden	zag_jump_save
	.hidden	zag_jump_real
	.hidden	zag_jump_masks

/* The mask is kept beside libc's, which then saves the rest for our caller. */
	.globl	setjmp
	.type	setjmp, %function
	.p2align 4
setjmp:
	.cfi_startproc
	hint	#34		/* bti c */
	mov	w1, #1
	b	0f
	.cfi_endproc
	.size	setjmp, . - setjmp

	.globl	__sigsetjmp
	.type	__sigsetjmp, %function
	.p2align 4
__sigsetjmp:
	.cfi_startproc
	hint	#34		/* bti c */
0:	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	stp	x0, x1, [sp, #16]
	cbz	w1, 1f
	bl	zag_jump_save
1:	bl	zag_jump_real
	mov	x16, x0
	ldp	x0, x1, [sp, #16]
	ldp	x29, x30, [sp], #32
	.cfi_adjust_cfa_offset -32
	.cfi_restore x29
	.cfi_restore x30
	br	x16
	.cfi_endproc
	.size	__sigsetjmp, . - __sigsetjmp

/* ucontext_t: sys/ucontext.h; the first record of __reserved */
#define REG(n)	(184 + 8 * (n))
#define SP_	432
#define PC_	440
#define HEAD	464		/* FPSIMD_MAGIC, size */
#define FPSR_	472
#define FPCR_	476
#define VREG(n)	(480 + 16 * (n))
#define NEXT	992		/* the head of the next record: none */
#define MAGIC	0x46508001
#define SIZE	528

/* The caller into the context at x0, as libc saves it. */
	.macro	save
	str	xzr, [x0, #REG(0)]
	stp	x18, x19, [x0, #REG(18)]
	stp	x20, x21, [x0, #REG(20)]
	stp	x22, x23, [x0, #REG(22)]
	stp	x24, x25, [x0, #REG(24)]
	stp	x26, x27, [x0, #REG(26)]
	stp	x28, x29, [x0, #REG(28)]
	str	x30, [x0, #REG(30)]
	mov	x9, sp
	str	x9, [x0, #SP_]
	str	x30, [x0, #PC_]
	ldr	x9, =(SIZE << 32 | MAGIC)
	str	x9, [x0, #HEAD]
	mrs	x9, fpsr
	mrs	x10, fpcr
	str	w9, [x0, #FPSR_]
	str	w10, [x0, #FPCR_]
	stp	q8, q9, [x0, #VREG(8)]
	stp	q10, q11, [x0, #VREG(10)]
	stp	q12, q13, [x0, #VREG(12)]
	stp	q14, q15, [x0, #VREG(14)]
	str	xzr, [x0, #NEXT]
	.endm

/* Go on in the context at x0.  By ret, which may land anywhere. */
	.macro	load
	ldr	w9, [x0, #HEAD]
	ldr	w10, =MAGIC
	cmp	w9, w10
	b.ne	9f
	ldr	w9, [x0, #FPSR_]
	ldr	w10, [x0, #FPCR_]
	msr	fpsr, x9
	msr	fpcr, x10
	ldp	q8, q9, [x0, #VREG(8)]
	ldp	q10, q11, [x0, #VREG(10)]
	ldp	q12, q13, [x0, #VREG(12)]
	ldp	q14, q15, [x0, #VREG(14)]
9:	ldp	x18, x19, [x0, #REG(18)]
	ldp	x20, x21, [x0, #REG(20)]
	ldp	x22, x23, [x0, #REG(22)]
	ldp	x24, x25, [x0, #REG(24)]
	ldp	x26, x27, [x0, #REG(26)]
	ldp	x28, x29, [x0, #REG(28)]
	ldr	x30, [x0, #REG(30)]
	ldp	x9, x16, [x0, #SP_]
	mov	sp, x9
	ldp	x2, x3, [x0, #REG(2)]
	ldp	x4, x5, [x0, #REG(4)]
	ldp	x6, x7, [x0, #REG(6)]
	ldp	x0, x1, [x0, #REG(0)]
	ret	x16
	.endm

/* The mask's turn: zag_jump_masks(save, load). */
	.globl	getcontext
	.type	getcontext, %function
	.p2align 4
getcontext:
	.cfi_startproc
	hint	#34		/* bti c */
	save
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x1, #0
	bl	zag_jump_masks
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	mov	w0, #0
	ret
	.cfi_endproc
	.size	getcontext, . - getcontext

	.globl	setcontext
	.type	setcontext, %function
	.p2align 4
setcontext:
	.cfi_startproc
	hint	#34		/* bti c */
	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	str	x0, [sp, #16]
	mov	x1, x0
	mov	x0, #0
	bl	zag_jump_masks
	ldr	x0, [sp, #16]
	load
	.cfi_endproc
	.size	setcontext, . - setcontext

	.globl	swapcontext
	.type	swapcontext, %function
	.p2align 4
swapcontext:
	.cfi_startproc
	hint	#34		/* bti c */
	save
	stp	x29, x30, [sp, #-32]!
	.cfi_adjust_cfa_offset 32
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	str	x1, [sp, #16]
	bl	zag_jump_masks
	ldr	x0, [sp, #16]
	load
	.cfi_endproc
	.size	swapcontext, . - swapcontext

/* Where a function that makecontext has prepared returns to: x19 is the
 * context that is next. */
	.globl	zag_jump_start
	.hidden	zag_jump_start
	.hidden	zag_jump_end
	.type	zag_jump_start, %function
	.p2align 4
	.cfi_startproc
	.cfi_undefined x30
	nop			/* return addresses are looked up one before */
zag_jump_start:
	mov	x0, x19
	bl	zag_jump_end
	brk	#1
	.cfi_endproc
	.size	zag_jump_start, . - zag_jump_start

	.ltorg

#include "arch/aarch64/notes.h"
