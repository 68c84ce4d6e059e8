/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call that a signal can keep from being made, on x86-64. */

	.text

/*
 * long zag_arch_syscall(const _Atomic uint32_t *stop, long nr, const long *arg)
 *
 * From zag_arch_syscall_begin up to _end the call has not been made, or the
 * kernel is about to make it again; there rbx is `stop`.  The instruction at
 * _call leaves the address of the next one in rcx.
 */
	.globl	zag_arch_syscall
	.hidden	zag_arch_syscall
	.globl	zag_arch_syscall_begin
	.hidden	zag_arch_syscall_begin
	.globl	zag_arch_syscall_call
	.hidden	zag_arch_syscall_call
	.globl	zag_arch_syscall_end
	.hidden	zag_arch_syscall_end
	.globl	zag_arch_syscall_stopped
	.hidden	zag_arch_syscall_stopped
	.globl	zag_arch_syscall_unmade
	.hidden	zag_arch_syscall_unmade
	.type	zag_arch_syscall, @function
	.p2align 4
zag_arch_syscall:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	movq	%rdi, %rbx
	movq	%rsi, %rax
	movq	%rdx, %r11
	movq	0(%r11), %rdi
	movq	8(%r11), %rsi
	movq	16(%r11), %rdx
	movq	24(%r11), %r10
	movq	32(%r11), %r8
	movq	40(%r11), %r9
zag_arch_syscall_begin:
	cmpl	$0, (%rbx)
	jne	zag_arch_syscall_unmade
zag_arch_syscall_call:
	syscall
zag_arch_syscall_end:
	popq	%rbx
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_restore_state
	.cfi_remember_state
zag_arch_syscall_stopped:
	movq	$-4, %rax	/* -EINTR */
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_restore_state
zag_arch_syscall_unmade:
	movq	$-85, %rax	/* -ERESTART */
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size	zag_arch_syscall, . - zag_arch_syscall

	.section .note.GNU-stack, "", @progbits
