/* SPDX-License-Identifier: BSD-2-Clause */
/* What a loaded object defines, without asking the loader for each. */
#ifndef ZAG_BASE_SYMTAB_H
#define ZAG_BASE_SYMTAB_H

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct zag_symtab {
	uintptr_t base;
	const ElfW(Sym) *symbols;
	const char *strings;
	const uint32_t *hash;	    /* DT_GNU_HASH */
	const ElfW(Half) *versions; /* DT_VERSYM, one for each; may be NULL */
};

/* The loaded object that at lies in; false: none, as with a glibc before 2.35.
 * Async-signal-safe: without the loader's lock, which a thread that loads or
 * unloads holds for as long as an object's own functions run. */
bool zag_object_at(const void *at, struct dl_find_object *o);

/* False: it has no hash table that we know.  Any thread. */
bool zag_symtab_of(const struct link_map *map, struct zag_symtab *t);

/* The symbol of that name that new programs get: of several versions, the one
 * that is not marked as old.  NULL: there is none.  Async-signal-safe. */
const ElfW(Sym) *zag_symtab_find(const struct zag_symtab *t, const char *name,
				 uint32_t hash);
uint32_t zag_symtab_hash(const char *name);

/* Where the function of that name begins; NULL: there is none, or it is one of
 * several that the CPU decides about. */
void *zag_symtab_function(const struct zag_symtab *t, const char *name);

#endif
