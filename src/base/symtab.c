/* SPDX-License-Identifier: BSD-2-Clause */
/* GNU hash tables. */
#include "config.h"

#include "base/symtab.h"

#include <elf.h>
#include <string.h>

enum { OLD_VERSION = 0x8000, WORD_BITS = 8 * sizeof(ElfW(Addr)) };

bool zag_symtab_of(const struct link_map *map, struct zag_symtab *t)
{
	*t = (struct zag_symtab){ .base = map->l_addr };
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		/* The loader has made them addresses, but for the kernel's. */
		uintptr_t at = d->d_un.d_ptr < map->l_addr ?
				       map->l_addr + d->d_un.d_ptr :
				       d->d_un.d_ptr;

		if (d->d_tag == DT_SYMTAB)
			t->symbols = (const ElfW(Sym) *)at;
		else if (d->d_tag == DT_STRTAB)
			t->strings = (const char *)at;
		else if (d->d_tag == DT_GNU_HASH)
			t->hash = (const uint32_t *)at;
		else if (d->d_tag == DT_VERSYM)
			t->versions = (const ElfW(Half) *)at;
	}
	return t->symbols && t->strings && t->hash;
}

extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

bool zag_object_at(const void *at, struct dl_find_object *o)
{
	return _dl_find_object && !_dl_find_object((void *)at, o);
}

uint32_t zag_symtab_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static bool is_new(const struct zag_symtab *t, uint32_t i)
{
	return t->symbols[i].st_shndx != SHN_UNDEF &&
	       !(t->versions && t->versions[i] & OLD_VERSION);
}

/* buckets, first symbol in them, words of the filter, its shift; the filter,
 * the buckets, the chains. */
const ElfW(Sym) *zag_symtab_find(const struct zag_symtab *t, const char *name,
				 uint32_t hash)
{
	const uint32_t *head = t->hash;
	const ElfW(Addr) *filter = (const ElfW(Addr) *)(head + 4);
	const uint32_t *buckets = (const uint32_t *)(filter + head[2]);
	const uint32_t *chain = buckets + head[0];
	ElfW(Addr) word = filter[hash / WORD_BITS % head[2]];
	uint32_t i;

	if (!(word >> hash % WORD_BITS &
	      word >> (hash >> head[3]) % WORD_BITS & 1))
		return NULL;
	i = buckets[hash % head[0]];
	if (i < head[1])
		return NULL;
	for (;; i++) {
		uint32_t link = chain[i - head[1]];

		if ((link | 1) == (hash | 1) && is_new(t, i) &&
		    !strcmp(t->strings + t->symbols[i].st_name, name))
			return &t->symbols[i];
		if (link & 1)
			return NULL;
	}
}

void *zag_symtab_function(const struct zag_symtab *t, const char *name)
{
	const ElfW(Sym) *s = zag_symtab_find(t, name, zag_symtab_hash(name));

	return s && ELF64_ST_TYPE(s->st_info) == STT_FUNC ?
		       (void *)(t->base + s->st_value) :
		       NULL;
}
