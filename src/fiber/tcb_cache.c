/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libc's malloc keeps for a thread (its tcache) goes back at the end.
 *
 * A TCB is used again with libc's own variables as they are, the pointer to its
 * cache among them.  That stays; the chunks in it would be of use to nobody
 * until then, and keep the arena that they are in from becoming smaller.
 */
#include "config.h"

#include "fiber/tcb.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "arch/arch.h"
#include "base/compiler.h"
#include "base/peek.h"
#include "fiber/tcb_glibc.h"

enum { BINS = 64, LEAST = 24 /* bytes of the first bin */ };

/* struct tcache_perthread_struct, tcache_entry of glibc 2.30 to 2.41. */
struct cache {
	uint16_t counts[BINS];
	uintptr_t entries[BINS];
};

struct chunk {
	uintptr_t next;
	uintptr_t key; /* whether it may be in a cache: for a check of free's */
};

static ptrdiff_t place; /* of the pointer to it, from tp; 0: not found */
static uintptr_t mixed; /* all ones: of a pointer and where it is (2.32) */
static void (*libc_free)(void *p);

static struct chunk *next_of(const struct chunk *c)
{
	return (struct chunk *)(c->next ^ (((uintptr_t)c >> 12) & mixed));
}

/* --- where it is --------------------------------------------------------- */

/* Whether that is the cache in which `last` was put, after `first`. */
static bool is_cache(uintptr_t at, uintptr_t last, uintptr_t first)
{
	struct {
		size_t size; /* the chunk's, and flags */
		struct cache cache;
	} there;

	if (!at || at % 16 ||
	    !zag_peek(at - sizeof(size_t), &there, sizeof(there)) ||
	    (there.size & ~(size_t)7) != sizeof(there) + sizeof(size_t) ||
	    there.cache.counts[0] < 2 || there.cache.entries[0] != last)
		return false;
	mixed = UINTPTR_MAX;
	if ((uintptr_t)next_of((struct chunk *)last) == first)
		return true;
	mixed = 0;
	return (uintptr_t)next_of((struct chunk *)last) == first;
}

static int look_into(struct dl_phdr_info *info, size_t size, void *chunks)
{
	const char *block = info->dlpi_tls_data;
	const uintptr_t *q = chunks;
	size_t length = 0;

	(void)size;
	if (!block || !zag_tcb_is_within(info, (void *)libc_free))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			length = info->dlpi_phdr[i].p_memsz;
	for (size_t i = 0; i + sizeof(uintptr_t) <= length;
	     i += sizeof(uintptr_t)) {
		uintptr_t at;

		memcpy(&at, block + i, sizeof(at));
		if (is_cache(at, q[0], q[1]))
			place = block + i - (char *)zag_arch_tp();
	}
	return 1;
}

/* By two chunks, which come from it if it is full, so that there is room.  A
 * program with an allocator of its own does not use libc's. */
void zag_tcb_find_cache(void)
{
	void *(*allocate)(size_t) = dlsym(RTLD_DEFAULT, "__libc_malloc");
	void *first, *last;

	libc_free = dlsym(RTLD_DEFAULT, "__libc_free");
	if (place || !allocate || !libc_free ||
	    (void *)allocate != dlsym(RTLD_DEFAULT, "malloc"))
		return;
	first = allocate(LEAST);
	last = allocate(LEAST);
	libc_free(first);
	libc_free(last);
	dl_iterate_phdr(look_into,
			(uintptr_t[]){ (uintptr_t)last, (uintptr_t)first });
}

/* --- giving back ---------------------------------------------------------- */

/* A bin that is full: free passes it by. */
static void empty(struct cache *cache, int bin)
{
	struct chunk *c = (struct chunk *)cache->entries[bin], *next;

	cache->entries[bin] = 0;
	cache->counts[bin] = UINT16_MAX;
	for (; c; c = next) {
		next = next_of(c);
		c->key = 0;
		libc_free(c);
	}
	cache->counts[bin] = 0;
}

void zag_tcb_free_cache(void)
{
	struct cache *cache;

	if (!place)
		return;
	cache = ZAG_TCB_AT(zag_arch_tp(), place, struct cache *);
	for (int i = 0; cache && i < BINS; i++)
		if (cache->entries[i])
			empty(cache, i);
}
