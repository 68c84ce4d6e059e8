/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of tcb share: where things are in glibc's struct pthread.
 * For src/fiber/tcb*.c only.
 */
#ifndef ZAG_FIBER_TCB_GLIBC_H
#define ZAG_FIBER_TCB_GLIBC_H

#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zag_tcb_key { /* struct pthread_key_struct */
	uintptr_t seq; /* odd: in use */
	void (*destr)(void *);
};

struct zag_tcb_key_data { /* struct pthread_key_data */
	uintptr_t seq;
	void *data;
};

enum { ZAG_TCB_KEYS_PER_BLOCK = 32 }; /* PTHREAD_KEY_2NDLEVEL_SIZE */

/* Offsets are from struct pthread's beginning, unless said otherwise. */
extern struct zag_glibc {
	size_t static_size, align; /* of the whole static TLS area */
	size_t pthread_size;
	uint32_t tid, dtvp, list, specific, cancelhandling;
	uint32_t start_routine;
	uint32_t tls_offset; /* in struct link_map */
	ptrdiff_t self;	     /* pthread_t - tp */
	ptrdiff_t resp, res; /* from tp: __resp, and its own resolver state */
	uint32_t unwind;     /* cleanup_jmp_buf */
	const uintptr_t *pointer_guard; /* NULL: in the TCB */
	const unsigned *rseq_size;
	const ptrdiff_t *rseq_offset;
	struct zag_tcb_key *keys;
	void *(*allocate_tls)(void *);
	void (*ctype_init)(void);
	void (*call_tls_dtors)(void);
	void *(*unwind_link)(void);
} zag_glibc;

static inline char *zag_tcb_pthread_ptr(void *tp)
{
	return (char *)tp + zag_glibc.self;
}

#define ZAG_TCB_FIELD(tp, off, type) \
	(*(type *)((char *)zag_tcb_pthread_ptr(tp) + zag_glibc.off))

/* The thread's blocks of key data, KEYS_MAX / KEYS_PER_BLOCK pointers. */
static inline struct zag_tcb_key_data **zag_tcb_key_blocks(void *tp)
{
	return &ZAG_TCB_FIELD(tp, specific, struct zag_tcb_key_data *);
}

/* Where the word about cancellation is; whether its bits are as known, on a
 * thread of libc's own.  NULL, or why not.  tcb_cancel.c */
void zag_tcb_cancel_init(void);
const char *zag_tcb_cancel_probe(void);

/* Learn where malloc's cache of a thread is.  On a thread of libc's own, while
 * there is no other; harmless again.  tcb_cache.c */
void zag_tcb_find_cache(void);

/* Whether an address is in that module.  tcb_modules.c */
bool zag_tcb_is_within(const struct dl_phdr_info *info, const void *addr);

/* Learn which modules have static TLS.  NULL, or why not.  tcb_modules.c */
const char *zag_tcb_find_modules(void);

/* Make the static TLS of a TCB new again, but for what is kept. */
void zag_tcb_restore_images(void *tp);

#endif
