/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel puts on a stack for a signal handler, on aarch64. */
#include "config.h"

#include <asm/sigcontext.h>
#include <string.h>
#include <ucontext.h>

#include "arch/arch.h"
#include "base/compiler.h"

/* struct rt_sigframe; registers that find no place in it lie above it. */
struct frame {
	char info[128];
	ucontext_t uc;
};

void zag_arch_signal_enter(void *frame, void (*fn)(int, siginfo_t *, void *),
			   int signo, void *si, void *uc)
	__attribute__((noreturn));

/* The record that tells of registers above the frame; NULL: there are none. */
static struct extra_context *extra_of(const ucontext_t *uc)
{
	const char *at = (const char *)uc->uc_mcontext.__reserved;
	const char *end = at + sizeof(uc->uc_mcontext.__reserved);

	while (at + sizeof(struct extra_context) <= end) {
		const struct _aarch64_ctx *c = (const void *)at;

		if (c->magic == EXTRA_MAGIC)
			return (struct extra_context *)(uintptr_t)at;
		if (!c->magic || !c->size)
			break;
		at += c->size;
	}
	return NULL;
}

/* All of it, from the frame's begin. */
static size_t frame_size(const ucontext_t *uc)
{
	const struct extra_context *x = extra_of(uc);
	uintptr_t begin = (uintptr_t)uc - offsetof(struct frame, uc);

	return x ? x->datap + x->size - begin : sizeof(struct frame);
}

size_t zag_arch_signal_size(const void *uc)
{
	return frame_size(uc) + 16 +
	       1024; /* for us, until the program's handler */
}

void *zag_arch_signal_sp(const void *ucontext)
{
	const ucontext_t *uc = ucontext;

	return (void *)uc->uc_mcontext.sp;
}

void zag_arch_signal_move(void *top, void (*fn)(int, siginfo_t *, void *),
			  int signo, const siginfo_t *si, const void *ucontext)
{
	const char *from = (const char *)ucontext - offsetof(struct frame, uc);
	size_t size = frame_size(ucontext);
	struct frame *f = (struct frame *)zag_round_down((uintptr_t)top - size,
							 16);
	struct extra_context *x;

	memcpy(f, from, size);
	memcpy(f->info, si, sizeof(f->info));
	x = extra_of(&f->uc);
	if (x)
		x->datap += (uintptr_t)f - (uintptr_t)from;
	zag_arch_signal_enter(f, fn, signo, f->info, &f->uc);
}
