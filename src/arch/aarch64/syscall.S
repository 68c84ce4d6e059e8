/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call that a signal can keep from being made, on aarch64. */

	.text

/*
 * long zag_arch_syscall(const _Atomic uint32_t *stop, long nr, const long *arg)
 *
 * From zag_arch_syscall_begin up to _end the call has not been made, or the
 * kernel is about to make it again; there x9 is `stop`.  The kernel changes x0
 * only.
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
	.type	zag_arch_syscall, %function
	.p2align 4
zag_arch_syscall:
	.cfi_startproc
	hint	#34		/* bti c */
	mov	x9, x0
	mov	x8, x1
	mov	x10, x2
	ldp	x0, x1, [x10]
	ldp	x2, x3, [x10, #16]
	ldp	x4, x5, [x10, #32]
zag_arch_syscall_begin:
	ldr	w10, [x9]
	cbnz	w10, zag_arch_syscall_unmade
zag_arch_syscall_call:
	svc	#0
zag_arch_syscall_end:
	ret
zag_arch_syscall_stopped:
	mov	x0, #-4		/* -EINTR */
	ret
zag_arch_syscall_unmade:
	mov	x0, #-85	/* -ERESTART */
	ret
	.cfi_endproc
	.size	zag_arch_syscall, . - zag_arch_syscall

#include "arch/aarch64/notes.h"
