/* SPDX-License-Identifier: BSD-2-Clause */
/* The context switch on x86-64: stack, thread pointer, callee-saved state. */

	.hidden zag_arch_have_wrfsbase

	.text

/*
 * void zag_arch_switch(struct zag_context *from, struct zag_context *to)
 *
 * On the stack of a suspended context, from its sp: MXCSR (4 bytes), x87
 * control word (2, padded to 4), r15, r14, r13, r12, rbx, rbp, return address.
 */
	.globl	zag_arch_switch
	.hidden	zag_arch_switch
	.type	zag_arch_switch, @function
	.p2align 4
zag_arch_switch:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movl	(%rsp), %r8d
	movzwl	4(%rsp), %r9d

	movq	%rsp, 0(%rdi)
	movq	0(%rsi), %rsp
	movq	8(%rsi), %rdi
	cmpb	$0, zag_arch_have_wrfsbase(%rip)
	je	3f
	wrfsbase %rdi
1:
	/* Loading the control words is slow; they are nearly always equal. */
	cmpl	(%rsp), %r8d
	jne	4f
2:	cmpw	4(%rsp), %r9w
	jne	5f
6:	addq	$8, %rsp
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_restore_state
3:
	/* arch_prctl(ARCH_SET_FS, tp): rcx and r11 are the kernel's. */
	movq	%rdi, %rsi
	movl	$0x1002, %edi
	movl	$158, %eax
	syscall
	jmp	1b
4:	ldmxcsr	(%rsp)
	jmp	2b
5:	fldcw	4(%rsp)
	jmp	6b
	.cfi_endproc
	.size	zag_arch_switch, . - zag_arch_switch

/*
 * Where a new context begins: rbx = fn, r12 = arg, rbp = 0.  It has no caller,
 * and says so, so that every backtrace of a fiber ends here.
 */
	.globl	zag_arch_entry
	.hidden	zag_arch_entry
	.type	zag_arch_entry, @function
	.p2align 4
zag_arch_entry:
	.cfi_startproc
	.cfi_undefined %rip
	xorl	%ebp, %ebp
	movq	%r12, %rdi
	callq	*%rbx
	ud2
	.cfi_endproc
	.size	zag_arch_entry, . - zag_arch_entry

/*
 * Where the unwinding of main's stack ends when main calls pthread_exit: the
 * frame of libc's start code is dead, its stack is still there.
 */
	.globl	zag_arch_main_left
	.hidden	zag_arch_main_left
	.type	zag_arch_main_left, @function
	.p2align 4
zag_arch_main_left:
	.cfi_startproc
	.cfi_undefined %rip
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	callq	zag_fiber_main_left
	ud2
	.cfi_endproc
	.size	zag_arch_main_left, . - zag_arch_main_left

	.hidden	zag_fiber_main_left

/*
 * Where a signal handler returns to.  Debuggers and unwinders know a signal
 * frame by exactly these bytes, where there is no unwind information.
 */
	.globl	zag_arch_sigreturn
	.hidden	zag_arch_sigreturn
	.type	zag_arch_sigreturn, @function
	nop
	.p2align 4
zag_arch_sigreturn:
	movq	$15, %rax
	syscall
	.size	zag_arch_sigreturn, . - zag_arch_sigreturn

	.section .note.GNU-stack, "", @progbits
