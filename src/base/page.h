/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory straight from the kernel: the runtime never calls malloc, which may
 * be the program's own and may call us.
 */
#ifndef ZAG_BASE_PAGE_H
#define ZAG_BASE_PAGE_H

#include <stddef.h>

enum { ZAG_PAGE = 4096 }; /* unit of the sizes below; see zag_page_size */

/* The kernel's page size. */
size_t zag_page_size(void);

/* Zeroed memory of at least size bytes, page-aligned; NULL: none. */
void *zag_page_alloc(size_t size);
void zag_page_free(void *p, size_t size);

/* As realloc; the old size must be given. */
void *zag_page_realloc(void *p, size_t old, size_t size);

/* Small zeroed objects that are never given back (carriers, classes).  NULL:
 * no memory.  Any thread. */
void *zag_page_carve(size_t size);

/* In a forked child: a thread that is gone may have held the locks. */
void zag_heap_reset(void);

/* libev's allocator: realloc(p, 0) frees.  Any thread. */
void *zag_heap_realloc(void *p, long size);

#endif
