/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a thread: destructors, robust mutexes, where it unwinds to. */
#include "config.h"

#include "fiber/tcb.h"

#include <limits.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <string.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/raw.h"
#include "fiber/tcb_glibc.h"

enum {
	PER_BLOCK = ZAG_TCB_KEYS_PER_BLOCK,
	KEY_BLOCKS = PTHREAD_KEYS_MAX / PER_BLOCK,
};

/* From an entry of the robust list to the mutex's word. */
#define ROBUST_OFFSET                                          \
	((long)offsetof(pthread_mutex_t, __data.__lock) -      \
	 (long)offsetof(pthread_mutex_t, __data.__list.__next))

/* One pass over this fiber's keys; true if a destructor was called. */
static bool run_key_destructors(struct zag_tcb_key_data **blocks)
{
	bool ran = false;

	for (size_t b = 0; b < KEY_BLOCKS; b++) {
		for (size_t k = 0; blocks[b] && k < PER_BLOCK; k++) {
			struct zag_tcb_key_data *d = &blocks[b][k];
			struct zag_tcb_key *key =
				&zag_glibc.keys[b * PER_BLOCK + k];
			void *data = d->data;

			d->data = NULL;
			if (!data || d->seq != key->seq || !key->destr)
				continue;
			ran = true;
			key->destr(data);
		}
	}
	return ran;
}

void zag_tcb_leave(void)
{
	struct zag_tcb_key_data **blocks = zag_tcb_key_blocks(zag_arch_tp());
	int i = 0;

	zag_glibc.call_tls_dtors();
	while (run_key_destructors(blocks) &&
	       ++i < PTHREAD_DESTRUCTOR_ITERATIONS)
		;
	for (size_t b = 0; b < KEY_BLOCKS; b++)
		if (blocks[b])
			memset(blocks[b], 0,
			       PER_BLOCK * sizeof(**blocks));
}

/* The kernel's struct robust_list_head, at which libc keeps the list. */
struct robust_head {
	uintptr_t first; /* next entry; bit 0: a PI mutex; ends at itself */
	long futex_offset; /* set for the kernel; of no use here */
	uintptr_t pending;
};

/* As handle_futex_death() in the kernel.  libc's robust mutexes always wait by
 * the shared form of the futex. */
static void mark_dead(uintptr_t entry, long offset, uint32_t tid)
{
	_Atomic uint32_t *word =
		(_Atomic uint32_t *)((entry & ~(uintptr_t)1) + offset);
	uint32_t v = zag_load_acq(word);

	do {
		if ((v & FUTEX_TID_MASK) != tid)
			return;
	} while (!zag_cas(word, &v, (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
	if (v & FUTEX_WAITERS)
		zag_raw(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

void zag_tcb_owner_dies(void)
{
	enum { MOST = 2048 }; /* ROBUST_LIST_LIMIT: the list is the program's */
	char *self = zag_tcb_pthread_ptr(zag_arch_tp());
	struct robust_head *head =
		(struct robust_head *)(self + zag_glibc.tid + 16);
	uint32_t tid = *(uint32_t *)(self + zag_glibc.tid);
	uintptr_t at = head->first, next;

	for (int i = 0; i < MOST; i++) {
		if ((at & ~(uintptr_t)1) == (uintptr_t)head)
			break;
		next = *(uintptr_t *)(at & ~(uintptr_t)1);
		mark_dead(at, ROBUST_OFFSET, tid);
		at = next;
	}
	head->first = (uintptr_t)head;
}

void zag_tcb_set_unwind(__pthread_unwind_buf_t *buf)
{
	memset(buf->__pad, 0, sizeof(buf->__pad));
	ZAG_TCB_FIELD(zag_arch_tp(), unwind, void *) = buf;
}

/* --- main --------------------------------------------------------------- */

void zag_arch_main_left(void);

/* setjmp's way of storing a code address, and where. */
#if defined(__x86_64__)
enum { JB_PC = 7 };

static uintptr_t mangle(uintptr_t p)
{
	p ^= ZAG_TCB_AT(zag_arch_tp(), 0x30, uintptr_t);
	return p << 17 | p >> 47;
}
#else
enum { JB_PC = 11 };

static uintptr_t mangle(uintptr_t p)
{
	return p ^ *zag_glibc.pointer_guard;
}
#endif

void zag_tcb_patch_main_unwind(void)
{
	__pthread_unwind_buf_t *buf = ZAG_TCB_FIELD(zag_arch_tp(), unwind, void *);

	while (buf && buf->__pad[0]) /* priv.data.prev */
		buf = buf->__pad[0];
	if (buf)
		buf->__cancel_jmp_buf[0].__cancel_jmp_buf[JB_PC] =
			(long)mangle((uintptr_t)zag_arch_main_left);
}
