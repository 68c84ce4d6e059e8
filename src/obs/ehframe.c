/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading .eh_frame: the part of it that compilers write for plain C. */
#include "config.h"

#include "obs/ehframe.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "base/symtab.h"

enum { DEPTH = 4 }; /* of remembered states */

/* Encodings of pointers: what ld writes, and no other. */
enum {
	UDATA4 = 0x03,
	SDATA4 = 0x0b,
	SDATA8 = 0x0c,
	DATAREL_SDATA4 = 0x3b,
	PCREL = 0x10,
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

/* The record for pc, by the table that ld has sorted; NULL: none. */
static const uint8_t *find_record(uintptr_t pc)
{
	struct dl_find_object o;
	const uint8_t *header;
	struct reader r;
	const int32_t *table;
	uint32_t low = 0, high;
	intptr_t off;

	if (!zag_object_at((void *)pc, &o) || !o.dlfo_eh_frame)
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
	if (!read_augmentation(&r, letters, c) || c->ra >= ZAG_EH_REGS)
		return false;
	c->program = r;
	return !r.bad;
}

/* --- the rows of a record ----------------------------------------------- */

struct machine {
	const struct cie *cie;
	struct zag_eh_row row, first, saved[DEPTH];
	int depth;
	uintptr_t loc, pc;
};

static void set(struct machine *m, uint64_t reg, enum zag_eh_rule rule,
		intptr_t arg)
{
	if (reg >= ZAG_EH_REGS)
		return; /* a vector register */
	m->row.rule[reg] = rule;
	m->row.arg[reg] = arg;
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg < ZAG_EH_REGS)
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
		set(m, reg, ZAG_EH_AT_CFA, (intptr_t)uleb(r) * align);
		break;
	case 0x06:
		restore(m, uleb(r));
		break;
	case 0x07:
		set(m, uleb(r), ZAG_EH_UNDEFINED, 0);
		break;
	case 0x08:
		set(m, uleb(r), ZAG_EH_SAME, 0);
		break;
	case 0x09:
		reg = uleb(r);
		set(m, reg, ZAG_EH_IN_REG, (intptr_t)uleb(r));
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
		set(m, uleb(r), ZAG_EH_UNREADABLE, 0);
		r->at += zag_min(uleb(r), (uint64_t)(r->end - r->at));
		break;
	case 0x11: /* offset_extended_sf */
		reg = uleb(r);
		set(m, reg, ZAG_EH_AT_CFA, (intptr_t)sleb(r) * align);
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
		set(m, reg, ZAG_EH_CFA_PLUS, (intptr_t)uleb(r) * align);
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
			set(m, low, ZAG_EH_AT_CFA,
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

bool zag_eh_row(uintptr_t pc, struct zag_eh_row *row)
{
	const uint8_t *p = find_record(pc), *field;
	struct cie c;
	struct machine m = { .cie = &c, .pc = pc };
	struct reader r;
	uintptr_t begin, length;

	if (!p)
		return false;
	r = record(p);
	field = r.at;
	if (r.bad || !read_cie(field - (uint32_t)take(&r, 4), &c))
		return false;
	begin = pointer(&r, c.encoding);
	length = pointer(&r, c.encoding & 0x0f);
	if (pc < begin || pc - begin >= length)
		return false;
	if (c.augmented) {
		uint64_t n = uleb(&r);

		r.at += zag_min(n, (uint64_t)(r.end - r.at));
	}
	if (!run(&m, c.program))
		return false;
	m.first = m.row;
	m.loc = begin;
	if (!run(&m, r))
		return false;
	*row = m.row;
	row->ra = c.ra;
	row->signal = c.signal;
	return !row->cfa_unreadable && row->cfa_reg < ZAG_EH_REGS;
}
