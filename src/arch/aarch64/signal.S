/* SPDX-License-Identifier: BSD-2-Clause */
/* Signal handlers on other stacks, on aarch64. */

	.text

/* void zag_arch_call_on(void *top, fn, int signo, siginfo_t *, void *) */
	.globl	zag_arch_call_on
	.hidden	zag_arch_call_on
	.type	zag_arch_call_on, %function
	.p2align 4
zag_arch_call_on:
	.cfi_startproc
	hint	#34	/* bti c */
	stp	x29, x30, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	.cfi_def_cfa_register x29
	and	x9, x0, #-16
	mov	sp, x9
	mov	x9, x1
	mov	w0, w2
	mov	x1, x3
	mov	x2, x4
	blr	x9
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	zag_arch_call_on, . - zag_arch_call_on

/*
 * void zag_arch_signal_enter(void *frame, fn, int signo, siginfo_t *, void *)
 *
 * As the kernel enters a handler: it returns to what restores the frame, which
 * debuggers and unwinders know by its two instructions, where there is no
 * unwind information.
 */
	.globl	zag_arch_signal_enter
	.hidden	zag_arch_signal_enter
	.type	zag_arch_signal_enter, %function
	.p2align 4
zag_arch_signal_enter:
	.cfi_startproc
	.cfi_undefined x30
	hint	#34	/* bti c */
	mov	sp, x0
	mov	x16, x1
	mov	w0, w2
	mov	x1, x3
	mov	x2, x4
	mov	x29, #0
	adr	x30, restore
	br	x16
	.cfi_endproc
	.size	zag_arch_signal_enter, . - zag_arch_signal_enter

	.type	restore, %function
	nop
	.p2align 4
restore:
	mov	x8, #139	/* rt_sigreturn */
	svc	#0
	.size	restore, . - restore

#include "arch/aarch64/notes.h"
