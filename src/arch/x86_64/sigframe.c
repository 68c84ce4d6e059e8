/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel puts on a stack for a signal handler, on x86-64. */
#include "config.h"

#include <string.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/compiler.h"

enum {
	RED_ZONE = 128,
	UC_SIZE = 304, /* of the kernel's struct ucontext; libc's is larger */
	INFO_SIZE = 128,
	FXSAVE_SIZE = 512,
	XSTATE_ALIGN = 64,
	/* In the last bytes of the fxsave area, struct _fpx_sw_bytes. */
	SW_OFFSET = 464,
	SW_MAGIC = 0x46505853, /* FP_XSTATE_MAGIC1 */
};

struct sw_bytes {
	uint32_t magic, extended_size;
};

/* struct rt_sigframe; the FPU's state lies above it. */
struct frame {
	void (*restorer)(void);
	char uc[UC_SIZE], info[INFO_SIZE];
};

void zag_arch_sigreturn(void);
void zag_arch_signal_enter(void *frame, void (*fn)(int, siginfo_t *, void *),
			   int signo, void *si, void *uc)
	__attribute__((noreturn));

static size_t fpu_size(const ucontext_t *uc)
{
	const char *fpu = (const char *)uc->uc_mcontext.fpregs;
	struct sw_bytes sw;

	if (!fpu)
		return 0;
	memcpy(&sw, fpu + SW_OFFSET, sizeof(sw));
	return sw.magic == SW_MAGIC ? sw.extended_size : FXSAVE_SIZE;
}

size_t zag_arch_signal_size(const void *uc)
{
	return fpu_size(uc) + XSTATE_ALIGN + sizeof(struct frame) + 16 +
	       1024; /* for us, until the program's handler */
}

void *zag_arch_signal_sp(const void *ucontext)
{
	const ucontext_t *uc = ucontext;

	return (char *)uc->uc_mcontext.gregs[REG_RSP] - RED_ZONE;
}

void zag_arch_signal_move(void *top, void (*fn)(int, siginfo_t *, void *),
			  int signo, const siginfo_t *si, const void *ucontext)
{
	const ucontext_t *uc = ucontext;
	size_t size = fpu_size(uc);
	char *fpu = (char *)zag_round_down((uintptr_t)top - size, XSTATE_ALIGN);
	/* At the handler's entry rsp + 8 is a multiple of 16. */
	struct frame *f = (struct frame *)(zag_round_down(
		(uintptr_t)fpu - sizeof(*f), 16) - 8);
	fpregset_t copy = size ? (fpregset_t)fpu : NULL;

	if (size)
		memcpy(fpu, uc->uc_mcontext.fpregs, size);
	f->restorer = zag_arch_sigreturn;
	memcpy(f->uc, uc, UC_SIZE);
	memcpy(f->info, si, INFO_SIZE);
	memcpy(f->uc + offsetof(ucontext_t, uc_mcontext.fpregs), &copy,
	       sizeof(copy));
	zag_arch_signal_enter(f, fn, signo, f->info, f->uc);
}
