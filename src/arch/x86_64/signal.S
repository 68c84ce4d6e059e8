/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal handlers on other stacks, on x86-64. */

	.text

/* void zag_arch_call_on(void *top, fn, int signo, siginfo_t *, void *) */
	.globl	zag_arch_call_on
	.hidden	zag_arch_call_on
	.type	zag_arch_call_on, @function
	.p2align 4
zag_arch_call_on:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	movq	%rdi, %rsp
	andq	$-16, %rsp
	movq	%rsi, %rax
	movl	%edx, %edi
	movq	%rcx, %rsi
	movq	%r8, %rdx
	callq	*%rax
	movq	%rbp, %rsp
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	zag_arch_call_on, . - zag_arch_call_on

/*
 * void zag_arch_signal_enter(void *frame, fn, int signo, siginfo_t *, void *)
 *
 * As the kernel enters a handler: the frame's first word is where it returns.
 */
	.globl	zag_arch_signal_enter
	.hidden	zag_arch_signal_enter
	.type	zag_arch_signal_enter, @function
	.p2align 4
zag_arch_signal_enter:
	.cfi_startproc
	movq	%rdi, %rsp
	.cfi_undefined %rip
	movq	%rsi, %rax
	movl	%edx, %edi
	movq	%rcx, %rsi
	movq	%r8, %rdx
	jmpq	*%rax
	.cfi_endproc
	.size	zag_arch_signal_enter, . - zag_arch_signal_enter

	.section .note.GNU-stack, "", @progbits
