/* SPDX-License-Identifier: BSD-2-Clause */
/* This library's own dynamic symbols. */
#include "config.h"

#include "obs/callname.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

/* The linker's: where this object begins, and its dynamic section. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

struct table {
	const ElfW(Sym) *symbols;
	const char *names;
	size_t count;
};

/* The loader has made addresses of these, as a rule. */
static uintptr_t address(const ElfW(Dyn) *d)
{
	uintptr_t base = (uintptr_t)__ehdr_start, p = d->d_un.d_ptr;

	return p < base ? base + p : p;
}

/* GNU's hash table does not say how many there are: the last chain does. */
static size_t count_symbols(const uint32_t *hash)
{
	uint32_t buckets = hash[0], first = hash[1], bloom = hash[2], last = 0;
	const uint32_t *bucket =
		hash + 4 + bloom * (sizeof(ElfW(Addr)) / sizeof(*hash));
	const uint32_t *chain = bucket + buckets;

	for (uint32_t i = 0; i < buckets; i++)
		last = zag_max(last, bucket[i]);
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

static struct table find_table(void)
{
	struct table t = { NULL, NULL, 0 };

	for (const ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			t.symbols = (const void *)address(d);
		else if (d->d_tag == DT_STRTAB)
			t.names = (const void *)address(d);
		else if (d->d_tag == DT_GNU_HASH)
			t.count = count_symbols((const void *)address(d));
	}
	return t;
}

/* Of several names of one function: what a program's source has. */
static bool is_plainer(const char *a, const char *b)
{
	if ((*a == '_') != (*b == '_'))
		return *b == '_';
	return strlen(a) < strlen(b);
}

const char *zag_callname(uintptr_t pc)
{
	uintptr_t off = pc - (uintptr_t)__ehdr_start;
	struct table t = find_table();
	const char *best = NULL;

	for (size_t i = 0; i < t.count && t.symbols && t.names; i++) {
		const ElfW(Sym) *s = &t.symbols[i];
		const char *name = t.names + s->st_name;

		if (s->st_shndx == SHN_UNDEF || off - s->st_value > s->st_size)
			continue;
		if (ELF64_ST_TYPE(s->st_info) == STT_FUNC &&
		    (!best || is_plainer(name, best)))
			best = name;
	}
	return best;
}
