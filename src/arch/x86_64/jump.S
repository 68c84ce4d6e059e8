/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * __sigsetjmp, setjmp, getcontext, setcontext, swapcontext on x86-64: what
 * returns twice, and so cannot be a C function around libc's.
 */

	.text
	.hidden	zag_jump_save
	.hidden	zag_jump_real
	.hidden	zag_jump_masks

/* The mask is kept beside libc's, which then saves the rest for our caller. */
	.globl	setjmp
	.type	setjmp, @function
	.p2align 4
setjmp:
	movl	$1, %esi
	jmp	0f
	.size	setjmp, . - setjmp

	.globl	__sigsetjmp
	.type	__sigsetjmp, @function
	.p2align 4
__sigsetjmp:
	.cfi_startproc
0:	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	testl	%esi, %esi
	je	1f
	callq	zag_jump_save
1:	callq	zag_jump_real
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	jmpq	*%rax
	.cfi_endproc
	.size	__sigsetjmp, . - __sigsetjmp

/* ucontext_t: gregs, their order that of sys/ucontext.h */
#define R8_ 40
#define R9_ 48
#define R12_ 72
#define R13_ 80
#define R14_ 88
#define R15_ 96
#define RDI_ 104
#define RSI_ 112
#define RBP_ 120
#define RBX_ 128
#define RDX_ 136
#define RCX_ 152
#define RSP_ 160
#define RIP_ 168
#define FPREGS_ 224
#define FPMEM_ 424
#define MXCSR_ (FPMEM_ + 24)

/* The caller into the context at rdi, as libc saves it. */
.macro save
	movq	%rbx, RBX_(%rdi)
	movq	%rbp, RBP_(%rdi)
	movq	%r12, R12_(%rdi)
	movq	%r13, R13_(%rdi)
	movq	%r14, R14_(%rdi)
	movq	%r15, R15_(%rdi)
	movq	%rdi, RDI_(%rdi)
	movq	%rsi, RSI_(%rdi)
	movq	%rdx, RDX_(%rdi)
	movq	%rcx, RCX_(%rdi)
	movq	%r8, R8_(%rdi)
	movq	%r9, R9_(%rdi)
	movq	(%rsp), %rax
	movq	%rax, RIP_(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, RSP_(%rdi)
	leaq	FPMEM_(%rdi), %rax
	movq	%rax, FPREGS_(%rdi)
	fnstenv	(%rax)
	fldenv	(%rax)
	stmxcsr	MXCSR_(%rdi)
.endm

/* Go on in the context at rdx. */
.macro load
	movq	FPREGS_(%rdx), %rax
	fldenv	(%rax)
	ldmxcsr	MXCSR_(%rdx)
	movq	RSP_(%rdx), %rsp
	movq	RBX_(%rdx), %rbx
	movq	RBP_(%rdx), %rbp
	movq	R12_(%rdx), %r12
	movq	R13_(%rdx), %r13
	movq	R14_(%rdx), %r14
	movq	R15_(%rdx), %r15
	pushq	RIP_(%rdx)
	movq	RDI_(%rdx), %rdi
	movq	RSI_(%rdx), %rsi
	movq	RCX_(%rdx), %rcx
	movq	R8_(%rdx), %r8
	movq	R9_(%rdx), %r9
	movq	RDX_(%rdx), %rdx
	xorl	%eax, %eax
	ret
.endm

/* The mask's turn: zag_jump_masks(save, load). */
	.globl	getcontext
	.type	getcontext, @function
	.p2align 4
getcontext:
	.cfi_startproc
	save
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	xorl	%esi, %esi
	callq	zag_jump_masks
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	xorl	%eax, %eax
	ret
	.cfi_endproc
	.size	getcontext, . - getcontext

	.globl	setcontext
	.type	setcontext, @function
	.p2align 4
setcontext:
	.cfi_startproc
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	movq	%rdi, %rsi
	xorl	%edi, %edi
	callq	zag_jump_masks
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	load
	.cfi_endproc
	.size	setcontext, . - setcontext

	.globl	swapcontext
	.type	swapcontext, @function
	.p2align 4
swapcontext:
	.cfi_startproc
	save
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	callq	zag_jump_masks
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	load
	.cfi_endproc
	.size	swapcontext, . - swapcontext

/* Where a function that makecontext has prepared returns to: rbx points at the
 * context that is next. */
	.globl	zag_jump_start
	.hidden	zag_jump_start
	.hidden	zag_jump_end
	.type	zag_jump_start, @function
	.p2align 4
zag_jump_start:
	.cfi_startproc
	.cfi_undefined %rip
	movq	(%rbx), %rdi
	andq	$-16, %rsp
	callq	zag_jump_end
	ud2
	.cfi_endproc
	.size	zag_jump_start, . - zag_jump_start

	.section .note.GNU-stack, "", @progbits
