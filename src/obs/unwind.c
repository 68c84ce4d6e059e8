/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking a stack, frame by frame. */
#include "config.h"

#include "obs/unwind.h"

#include <string.h>

#include "base/compiler.h"
#include "base/symtab.h"
#include "obs/debug.h"
#include "obs/ehframe.h"

struct frame {
	uintptr_t reg[ZAG_EH_REGS];
	bool known[ZAG_EH_REGS];
	uintptr_t pc;
	bool interrupted; /* by a signal: pc is not behind a call */
};

bool zag_unwind_is_ours(uintptr_t pc)
{
	static struct dl_find_object own;

	if (!own.dlfo_map_end &&
	    !zag_object_at(zag_unwind_is_ours, &own))
		return false;
	return pc >= (uintptr_t)own.dlfo_map_start &&
	       pc < (uintptr_t)own.dlfo_map_end;
}

/* --- frames ------------------------------------------------------------- */

static bool load(const struct zag_stack_copy *s, uintptr_t addr,
		 uintptr_t *word)
{
	if (addr < s->from || addr - s->from > s->size ||
	    s->size - (addr - s->from) < sizeof(*word))
		return false;
	memcpy(word, s->bytes + (addr - s->from), sizeof(*word));
	return true;
}

static void recover(const struct zag_stack_copy *s,
		    const struct zag_eh_row *row,
		    uintptr_t cfa, const struct frame *f, struct frame *up)
{
	for (int i = 0; i < ZAG_EH_REGS; i++) {
		uintptr_t arg = (uintptr_t)row->arg[i];

		up->known[i] = false;
		switch ((enum zag_eh_rule)row->rule[i]) {
		case ZAG_EH_UNSAID:
		case ZAG_EH_SAME:
			up->known[i] = f->known[i];
			up->reg[i] = f->reg[i];
			break;
		case ZAG_EH_AT_CFA:
			up->known[i] = load(s, cfa + arg, &up->reg[i]);
			break;
		case ZAG_EH_CFA_PLUS:
			up->known[i] = true;
			up->reg[i] = cfa + arg;
			break;
		case ZAG_EH_IN_REG:
			up->known[i] = arg < ZAG_EH_REGS && f->known[arg];
			if (up->known[i])
				up->reg[i] = f->reg[arg];
			break;
		case ZAG_EH_UNDEFINED:
		case ZAG_EH_UNREADABLE:
			break;
		}
	}
}

/* The caller of f; false: it has none that can be found. */
static bool up(const struct zag_stack_copy *s, struct frame *f)
{
	struct frame caller = { .pc = 0 };
	struct zag_eh_row row;
	uintptr_t cfa;

	if (!zag_eh_row(f->pc - !f->interrupted, &row) ||
	    !f->known[row.cfa_reg])
		return false;
	cfa = f->reg[row.cfa_reg] + (uintptr_t)row.cfa_offset;
	recover(s, &row, cfa, f, &caller);
	if (!caller.known[row.ra] || !caller.reg[row.ra] ||
	    cfa <= f->reg[ZAG_EH_SP])
		return false;
	caller.pc = zag_arch_unsigned(caller.reg[row.ra]);
	caller.interrupted = row.signal;
	if (row.rule[ZAG_EH_SP] == ZAG_EH_UNSAID) {
		caller.reg[ZAG_EH_SP] = cfa;
		caller.known[ZAG_EH_SP] = true;
	}
	*f = caller;
	return true;
}

/* What zag_arch_switch has put on the stack: its caller's frame. */
static bool suspended(const struct zag_stack_copy *s,
		      const struct zag_context *ctx, struct frame *f)
{
	const struct zag_debug *d = &zag_debug;
	uintptr_t sp = (uintptr_t)ctx->sp;

	memset(f, 0, sizeof(*f));
	for (uint32_t i = 0; i < d->saved_count; i++) {
		uint32_t reg = d->saved[i].reg;

		if (!load(s, sp + d->saved[i].at, &f->reg[reg]))
			return false;
		f->known[reg] = true;
	}
	f->pc = zag_arch_unsigned(f->reg[d->saved_pc]);
	f->reg[ZAG_EH_SP] = sp + d->saved_size;
	f->known[ZAG_EH_SP] = true;
	return true;
}

static size_t walk(struct frame *f, const struct zag_stack_copy *copy,
		   uintptr_t *pcs, size_t most, bool (*stop)(uintptr_t pc))
{
	size_t n = 0;

	do {
		if (n == most)
			break;
		pcs[n++] = f->pc;
	} while (!(stop && stop(f->pc)) && up(copy, f));
	return n;
}

size_t zag_unwind(const struct zag_context *ctx,
		  const struct zag_stack_copy *copy, uintptr_t *pcs,
		  size_t most, bool (*stop)(uintptr_t pc))
{
	struct frame f;

	return suspended(copy, ctx, &f) ? walk(&f, copy, pcs, most, stop) : 0;
}

/* The registers that a call preserves, as they are at `pc`. */
#if defined(__x86_64__)
#define CAPTURE(f)                                                     \
	__asm__ volatile("movq %%rbx, 24(%0)\n\t"                      \
			 "movq %%rbp, 48(%0)\n\t"                      \
			 "movq %%rsp, 56(%0)\n\t"                      \
			 "movq %%r12, 96(%0)\n\t"                      \
			 "movq %%r13, 104(%0)\n\t"                     \
			 "movq %%r14, 112(%0)\n\t"                     \
			 "movq %%r15, 120(%0)\n\t"                     \
			 "leaq 0f(%%rip), %%rax\n0:\t"                  \
			 "movq %%rax, 128(%0)"                         \
			 : : "r"((f)->reg) : "rax", "memory")
enum { PC = 16, PRESERVED = 1 << 3 | 1 << 6 | 1 << 7 | 0xf << 12 };
#elif defined(__aarch64__)
#define CAPTURE(f)                                                     \
	__asm__ volatile("stp x19, x20, [%0, #152]\n\t"                \
			 "stp x21, x22, [%0, #168]\n\t"                \
			 "stp x23, x24, [%0, #184]\n\t"                \
			 "stp x25, x26, [%0, #200]\n\t"                \
			 "stp x27, x28, [%0, #216]\n\t"                \
			 "stp x29, x30, [%0, #232]\n\t"                \
			 "mov x9, sp\n\t"                              \
			 "str x9, [%0, #248]\n\t"                      \
			 "adr x9, 0f\n0:\t"                            \
			 "str x9, [%0, #256]"                          \
			 : : "r"((f)->reg) : "x9", "memory")
enum { PC = 32, PRESERVED = 0x1fff << 19 };
#endif

ZAG_NOINLINE size_t zag_unwind_here(uintptr_t *pcs, size_t most,
				    bool (*stop)(uintptr_t pc))
{
	struct frame f;
	struct zag_stack_copy here;
	uintptr_t sp;

	memset(&f, 0, sizeof(f));
	CAPTURE(&f);
	for (int i = 0; i < ZAG_EH_REGS; i++)
		f.known[i] = (uint32_t)PRESERVED >> (i & 31) & 1 && i < 32;
	f.known[ZAG_EH_SP] = true;
	f.pc = f.reg[PC];
	sp = f.reg[ZAG_EH_SP];
	here = (struct zag_stack_copy){ sp, SIZE_MAX - sp, (const char *)sp };
	return walk(&f, &here, pcs, most, stop);
}
