/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading .eh_frame: the part of it that compilers write for plain C. */
#include "config.h"

#include "obs/unwind.h"

#include <dlfcn.h>
#include <string.h>

#include "base/compiler.h"
#include "obs/debug.h"

enum {
#if defined(__x86_64__)
	REGS = 17,
	SP = 7,
#elif defined(__aarch64__)
	REGS = 33,
	SP = 31,
#endif
	DEPTH = 4, /* of remembered states */
};

/* Encodings of pointers: what ld writes, and no other. */
enum {
	UDATA4 = 0x03,
	SDATA4 = 0x0b,
	SDATA8 = 0x0c,
	DATAREL_SDATA4 = 0x3b,
	PCREL = 0x10,
};

struct frame {
	uintptr_t reg[REGS];
	bool known[REGS];
	uintptr_t pc;
	bool interrupted; /* by a signal: pc is not behind a call */
};

enum rule { UNSAID, UNDEFINED, SAME, AT_CFA, CFA_PLUS, IN_REG, UNREADABLE };

struct row {
	uint8_t rule[REGS];
	intptr_t arg[REGS];
	uint8_t cfa_reg;
	bool cfa_unreadable;
	intptr_t cfa_offset;
};

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

struct cie {
	uintptr_t code_align;
	intptr_t data_align;
	uint8_t ra, encoding;
	bool augmented, signal;
	struct reader program;
};

/* --- reading ------------------------------------------------------------ */

static uint64_t take(struct reader *r, size_t n)
{
	uint64_t v = 0;

	if ((size_t)(r->end - r->at) < n) {
		r->bad = true;
		r->at = r->end;
		return 0;
	}
	memcpy(&v, r->at, n); /* little-endian */
	r->at += n;
	return v;
}

static uint64_t uleb(struct reader *r)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = (uint8_t)take(r, 1);
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

static int64_t sleb(struct reader *r)
{
	int64_t v = 0;
	unsigned shift = 0;
	uint8_t b;

	do {
		b = (uint8_t)take(r, 1);
		if (shift < 64)
			v |= (int64_t)((uint64_t)(b & 0x7f) << shift);
		shift += 7;
	} while (b & 0x80);
	if (shift < 64 && b & 0x40)
		v |= -(int64_t)((uint64_t)1 << shift);
	return v;
}

static uintptr_t pointer(struct reader *r, uint8_t encoding)
{
	uintptr_t base = encoding & PCREL ? (uintptr_t)r->at : 0;

	switch (encoding & 0x0f) {
	case UDATA4:
		return base + take(r, 4);
	case SDATA4:
		return base + (uintptr_t)(int32_t)take(r, 4);
	case SDATA8:
	case 0: /* absptr */
		return base + take(r, 8);
	default:
		r->bad = true;
		return 0;
	}
}

/* The record at p, its length taken off; .bad if it has none we know. */
static struct reader record(const uint8_t *p)
{
	struct reader r = { p, p + 4, false };
	uint32_t length = (uint32_t)take(&r, 4);

	r.end = r.at + length;
	r.bad = length == 0 || length >= 0xfffffff0;
	return r;
}

/* --- finding ------------------------------------------------------------ */

/* Since glibc 2.35; without it nothing is found. */
extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

static bool find_object(uintptr_t pc, struct dl_find_object *o)
{
	return _dl_find_object && _dl_find_object((void *)pc, o) == 0;
}

bool zag_unwind_is_ours(uintptr_t pc)
{
	static struct dl_find_object own;

	if (!own.dlfo_map_end &&
	    !find_object((uintptr_t)zag_unwind_is_ours, &own))
		return false;
	return pc >= (uintptr_t)own.dlfo_map_start &&
	       pc < (uintptr_t)own.dlfo_map_end;
}

/* The record for pc, by the table that ld has sorted; NULL: none. */
static const uint8_t *find_record(uintptr_t pc)
{
	struct dl_find_object o;
	const uint8_t *header;
	struct reader r;
	const int32_t *table;
	uint32_t low = 0, high;
	intptr_t off;

	if (!find_object(pc, &o) || !o.dlfo_eh_frame)
		return NULL;
	header = o.dlfo_eh_frame;
	if (header[0] != 1 || header[2] != UDATA4 ||
	    header[3] != DATAREL_SDATA4)
		return NULL;
	r = (struct reader){ header + 4, header + 16, false };
	pointer(&r, header[1]);
	high = (uint32_t)take(&r, 4);
	table = (const int32_t *)r.at;
	off = (intptr_t)(pc - (uintptr_t)header);
	while (low < high) { /* the first entry above pc */
		uint32_t mid = low + (high - low) / 2;

		if (table[2 * mid] <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return low && !r.bad ? header + table[2 * (low - 1) + 1] : NULL;
}

static bool read_augmentation(struct reader *r, const char *letters,
			      struct cie *c)
{
	c->augmented = *letters == 'z';
	if (!c->augmented)
		return !*letters;
	uleb(r);
	for (letters++; *letters; letters++) {
		if (*letters == 'R') {
			c->encoding = (uint8_t)take(r, 1);
		} else if (*letters == 'P') {
			uint8_t encoding = (uint8_t)take(r, 1);

			pointer(r, encoding);
		} else if (*letters == 'L') {
			take(r, 1);
		} else if (*letters == 'S') {
			c->signal = true;
		} else if (*letters != 'B') { /* B: signed return addresses */
			return false;
		}
	}
	return true;
}

static bool read_cie(const uint8_t *p, struct cie *c)
{
	struct reader r = record(p);
	uint8_t version;
	const char *letters;

	if (r.bad || take(&r, 4) != 0)
		return false;
	version = (uint8_t)take(&r, 1);
	letters = (const char *)r.at;
	r.at += strlen(letters) + 1;
	*c = (struct cie){ .code_align = uleb(&r) };
	c->data_align = sleb(&r);
	c->ra = version == 1 ? (uint8_t)take(&r, 1) : (uint8_t)uleb(&r);
	if (!read_augmentation(&r, letters, c) || c->ra >= REGS)
		return false;
	c->program = r;
	return !r.bad;
}

/* --- the rows of a record ----------------------------------------------- */

struct machine {
	const struct cie *cie;
	struct row row, first, saved[DEPTH];
	int depth;
	uintptr_t loc, pc;
};

static void set(struct machine *m, uint64_t reg, enum rule rule, intptr_t arg)
{
	if (reg >= REGS)
		return; /* a vector register */
	m->row.rule[reg] = rule;
	m->row.arg[reg] = arg;
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg < REGS)
		set(m, reg, m->first.rule[reg], m->first.arg[reg]);
}

/* Those that stand for themselves, without an operand in the opcode. */
static void step_extended(struct machine *m, struct reader *r, uint8_t op)
{
	const intptr_t align = m->cie->data_align;
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */
	case 0x2d: /* AArch64: return address signed; see `up` */
		break;
	case 0x01:
		m->loc = pointer(r, m->cie->encoding);
		break;
	case 0x02:
		m->loc += take(r, 1) * m->cie->code_align;
		break;
	case 0x03:
		m->loc += take(r, 2) * m->cie->code_align;
		break;
	case 0x04:
		m->loc += take(r, 4) * m->cie->code_align;
		break;
	case 0x05: /* offset_extended */
		reg = uleb(r);
		set(m, reg, AT_CFA, (intptr_t)uleb(r) * align);
		break;
	case 0x06:
		restore(m, uleb(r));
		break;
	case 0x07:
		set(m, uleb(r), UNDEFINED, 0);
		break;
	case 0x08:
		set(m, uleb(r), SAME, 0);
		break;
	case 0x09:
		reg = uleb(r);
		set(m, reg, IN_REG, (intptr_t)uleb(r));
		break;
	case 0x0a:
		if (m->depth < DEPTH)
			m->saved[m->depth++] = m->row;
		else
			r->bad = true;
		break;
	case 0x0b:
		if (m->depth > 0)
			m->row = m->saved[--m->depth];
		else
			r->bad = true;
		break;
	case 0x0c: /* def_cfa */
		m->row.cfa_reg = (uint8_t)uleb(r);
		m->row.cfa_offset = (intptr_t)uleb(r);
		m->row.cfa_unreadable = false;
		break;
	case 0x0d:
		m->row.cfa_reg = (uint8_t)uleb(r);
		break;
	case 0x0e:
		m->row.cfa_offset = (intptr_t)uleb(r);
		break;
	case 0x0f: /* an expression */
		m->row.cfa_unreadable = true;
		r->at += zag_min(uleb(r), (uint64_t)(r->end - r->at));
		break;
	case 0x10:
	case 0x16:
		set(m, uleb(r), UNREADABLE, 0);
		r->at += zag_min(uleb(r), (uint64_t)(r->end - r->at));
		break;
	case 0x11: /* offset_extended_sf */
		reg = uleb(r);
		set(m, reg, AT_CFA, (intptr_t)sleb(r) * align);
		break;
	case 0x12:
		m->row.cfa_reg = (uint8_t)uleb(r);
		m->row.cfa_offset = (intptr_t)sleb(r) * align;
		break;
	case 0x13:
		m->row.cfa_offset = (intptr_t)sleb(r) * align;
		break;
	case 0x14:
		reg = uleb(r);
		set(m, reg, CFA_PLUS, (intptr_t)uleb(r) * align);
		break;
	case 0x2e: /* GNU_args_size */
		uleb(r);
		break;
	default:
		r->bad = true;
	}
}

/* Run a program up to the row of pc. */
static bool run(struct machine *m, struct reader r)
{
	while (r.at < r.end && !r.bad && m->loc <= m->pc) {
		uint8_t op = (uint8_t)take(&r, 1), low = op & 0x3f;

		switch (op & 0xc0) {
		case 0x40:
			m->loc += low * m->cie->code_align;
			break;
		case 0x80:
			set(m, low, AT_CFA,
			    (intptr_t)uleb(&r) * m->cie->data_align);
			break;
		case 0xc0:
			restore(m, low);
			break;
		default:
			step_extended(m, &r, op);
		}
	}
	return !r.bad;
}

static bool row_of(uintptr_t pc, struct cie *c, struct row *row)
{
	const uint8_t *p = find_record(pc), *field;
	struct machine m = { .cie = c, .pc = pc };
	struct reader r;
	uintptr_t begin, length;

	if (!p)
		return false;
	r = record(p);
	field = r.at;
	if (r.bad || !read_cie(field - (uint32_t)take(&r, 4), c))
		return false;
	begin = pointer(&r, c->encoding);
	length = pointer(&r, c->encoding & 0x0f);
	if (pc < begin || pc - begin >= length)
		return false;
	if (c->augmented) {
		uint64_t n = uleb(&r);

		r.at += zag_min(n, (uint64_t)(r.end - r.at));
	}
	if (!run(&m, c->program))
		return false;
	m.first = m.row;
	m.loc = begin;
	if (!run(&m, r))
		return false;
	*row = m.row;
	return !row->cfa_unreadable && row->cfa_reg < REGS;
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

static void recover(const struct zag_stack_copy *s, const struct row *row,
		    uintptr_t cfa, const struct frame *f, struct frame *up)
{
	for (int i = 0; i < REGS; i++) {
		uintptr_t arg = (uintptr_t)row->arg[i];

		up->known[i] = false;
		switch ((enum rule)row->rule[i]) {
		case UNSAID:
		case SAME:
			up->known[i] = f->known[i];
			up->reg[i] = f->reg[i];
			break;
		case AT_CFA:
			up->known[i] = load(s, cfa + arg, &up->reg[i]);
			break;
		case CFA_PLUS:
			up->known[i] = true;
			up->reg[i] = cfa + arg;
			break;
		case IN_REG:
			up->known[i] = arg < REGS && f->known[arg];
			if (up->known[i])
				up->reg[i] = f->reg[arg];
			break;
		case UNDEFINED:
		case UNREADABLE:
			break;
		}
	}
}

/* The caller of f; false: it has none that can be found. */
static bool up(const struct zag_stack_copy *s, struct frame *f)
{
	struct frame caller = { .pc = 0 };
	struct row row;
	struct cie c;
	uintptr_t cfa;

	if (!row_of(f->pc - !f->interrupted, &c, &row) ||
	    !f->known[row.cfa_reg])
		return false;
	cfa = f->reg[row.cfa_reg] + (uintptr_t)row.cfa_offset;
	recover(s, &row, cfa, f, &caller);
	if (!caller.known[c.ra] || !caller.reg[c.ra] || cfa <= f->reg[SP])
		return false;
	caller.pc = zag_arch_unsigned(caller.reg[c.ra]);
	caller.interrupted = c.signal;
	if (row.rule[SP] == UNSAID) {
		caller.reg[SP] = cfa;
		caller.known[SP] = true;
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
	f->reg[SP] = sp + d->saved_size;
	f->known[SP] = true;
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

	memset(&f, 0, sizeof(f));
	CAPTURE(&f);
	for (int i = 0; i < REGS; i++)
		f.known[i] = (uint32_t)PRESERVED >> (i & 31) & 1 && i < 32;
	f.known[SP] = true;
	f.pc = f.reg[PC];
	here = (struct zag_stack_copy){ f.reg[SP], SIZE_MAX - f.reg[SP],
					(const char *)f.reg[SP] };
	return walk(&f, &here, pcs, most, stop);
}
