/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory from mmap: whole pages, carved objects, and a small heap for libev. */
#include "config.h"

#include "base/page.h"

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "base/lock.h"
#include "base/raw.h"

size_t zag_page_size(void)
{
	static size_t size;

	if (!size)
		size = getauxval(AT_PAGESZ);
	return size;
}

static bool failed(long r)
{
	return (unsigned long)r > -4096UL;
}

void *zag_page_alloc(size_t size)
{
	long r = zag_raw(SYS_mmap, NULL, zag_round_up(size, zag_page_size()),
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return failed(r) ? NULL : (void *)r;
}

void zag_page_free(void *p, size_t size)
{
	if (p)
		zag_raw(SYS_munmap, p, zag_round_up(size, zag_page_size()));
}

void *zag_page_realloc(void *p, size_t old, size_t size)
{
	long r;

	if (!p)
		return zag_page_alloc(size);
	r = zag_raw(SYS_mremap, p, zag_round_up(old, zag_page_size()),
		    zag_round_up(size, zag_page_size()), MREMAP_MAYMOVE, 0);
	return failed(r) ? NULL : (void *)r;
}

static struct {
	struct zag_lock lock; /* protects the rest; a leaf */
	char *at, *end;
} carve;

enum { CARVE_CHUNK = 64 * 1024 };

void *zag_page_carve(size_t size)
{
	void *p = NULL;

	size = zag_round_up(size, ZAG_CACHE_LINE);
	if (size > CARVE_CHUNK / 4)
		return zag_page_alloc(size);
	zag_lock(&carve.lock);
	if ((size_t)(carve.end - carve.at) < size) {
		carve.at = zag_page_alloc(CARVE_CHUNK);
		carve.end = carve.at ? carve.at + CARVE_CHUNK : NULL;
	}
	if (carve.at) {
		p = carve.at;
		carve.at += size;
	}
	zag_unlock(&carve.lock);
	return p;
}

/*
 * The heap: power-of-two blocks with a header; small ones are carved and kept
 * in free lists, large ones are mappings.  libev asks rarely, and only grows.
 * It ends the process if it gets nothing, so there is a reserve for when the
 * program has used up its memory.
 */
struct block {
	size_t size;	    /* usable bytes */
	struct block *next; /* while free */
};

enum { HEADER = 16, SMALLEST = 6, CLASSES = 14, RESERVE = 256 * 1024 };

static struct {
	struct zag_lock lock; /* protects the lists; a leaf */
	struct block *free[CLASSES];
	size_t reserve_used;
} heap;

static char reserve[RESERVE] ZAG_ALIGNED(ZAG_CACHE_LINE);

/* The lock is held. */
static struct block *from_reserve(size_t total)
{
	char *at = reserve + heap.reserve_used;

	if (total > RESERVE - heap.reserve_used)
		return NULL;
	heap.reserve_used += total;
	return (struct block *)at;
}

static int class_of(size_t total)
{
	int c = 0;

	while (((size_t)1 << (c + SMALLEST)) < total)
		c++;
	return c;
}

static struct block *block_get(size_t size)
{
	int c = class_of(size + HEADER);
	size_t total = (size_t)1 << (c + SMALLEST);
	struct block *b = NULL;

	if (c >= CLASSES) {
		b = zag_page_alloc(total);
	} else {
		zag_lock(&heap.lock);
		b = heap.free[c];
		if (b)
			heap.free[c] = b->next;
		zag_unlock(&heap.lock);
		if (!b)
			b = zag_page_carve(total);
		if (!b) {
			zag_lock(&heap.lock);
			b = from_reserve(total);
			zag_unlock(&heap.lock);
		}
	}
	if (b)
		b->size = total - HEADER;
	return b;
}

static void block_put(struct block *b)
{
	int c = class_of(b->size + HEADER);

	if (c >= CLASSES) {
		zag_page_free(b, b->size + HEADER);
		return;
	}
	zag_lock(&heap.lock);
	b->next = heap.free[c];
	heap.free[c] = b;
	zag_unlock(&heap.lock);
}

void *zag_heap_realloc(void *p, long size)
{
	struct block *old = p ? (struct block *)((char *)p - HEADER) : NULL;
	struct block *b;

	if (old && size > 0 && (size_t)size <= old->size)
		return p;
	b = size > 0 ? block_get((size_t)size) : NULL;
	if (old && (b || size <= 0)) {
		if (b)
			memcpy((char *)b + HEADER, p, old->size);
		block_put(old);
	}
	return b ? (char *)b + HEADER : NULL;
}

void zag_heap_reset(void)
{
	carve.lock = (struct zag_lock){ 0 };
	heap.lock = (struct zag_lock){ 0 };
	/* Lists and bump pointer may be half-changed: begin anew. */
	carve.at = carve.end = NULL;
	memset(heap.free, 0, sizeof(heap.free));
}
