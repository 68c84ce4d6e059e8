/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of robust mutexes that fibers hold. */
#include "config.h"

#include "fiber/robust.h"

#include <linux/futex.h>
#include <stddef.h>

#include "base/atomic.h"
#include "base/lock.h"
#include "base/raw.h"

/* The kernel follows `next` only, from entry to entry. */
#define NEXT_OFFSET offsetof(pthread_mutex_t, __data.__list.__next)
#define WORD_OFFSET                                            \
	((long)offsetof(pthread_mutex_t, __data.__lock) -      \
	 (long)NEXT_OFFSET)

uint32_t zag_robust_tid;

static struct {
	struct zag_lock lock; /* protects the list; before the watchers' */
	struct robust_list_head head;
	uint32_t count; /* of mutexes in it */
} robust = {
	.head = { { &robust.head.list }, WORD_OFFSET, NULL },
};

void zag_robust_adopt(void)
{
	zag_raw(SYS_set_robust_list, &robust.head, sizeof(robust.head));
	zag_robust_tid = (uint32_t)zag_raw(SYS_gettid);
}

static struct robust_list *entry_of(pthread_mutex_t *m)
{
	return (struct robust_list *)((char *)m + NEXT_OFFSET);
}

static pthread_mutex_t *mutex_of(struct robust_list *entry)
{
	return (pthread_mutex_t *)((char *)entry - NEXT_OFFSET);
}

static _Atomic uint32_t *word_of(pthread_mutex_t *m)
{
	return (_Atomic uint32_t *)&m->__data.__lock;
}

/* libc has the spin count of adaptive mutexes here, which it does not use for
 * robust ones. */
static _Atomic uint32_t *holder_of(const pthread_mutex_t *m)
{
	_Static_assert(offsetof(pthread_mutex_t, __data.__list) >=
			       offsetof(pthread_mutex_t, __data.__spins) + 4,
		       "no room for the holder");
	return (_Atomic uint32_t *)(uintptr_t)&m->__data.__spins;
}

void zag_robust_begin(pthread_mutex_t *m)
{
	zag_lock(&robust.lock);
	robust.head.list_op_pending = entry_of(m);
	zag_fence_stores();
}

void zag_robust_end(void)
{
	zag_fence_stores();
	robust.head.list_op_pending = NULL;
	zag_unlock(&robust.lock);
}

/* `prev` is for us, where libc has it for itself. */
static void set_prev(struct robust_list *entry, struct robust_list *prev)
{
	if (entry != &robust.head.list)
		mutex_of(entry)->__data.__list.__prev = (void *)prev;
}

void zag_robust_add(pthread_mutex_t *m, uint32_t tid)
{
	struct robust_list *e = entry_of(m), *first = robust.head.list.next;

	zag_store_rlx(holder_of(m), tid);
	e->next = first;
	set_prev(e, &robust.head.list);
	set_prev(first, e);
	zag_fence_stores();
	robust.head.list.next = e;
	robust.count++;
}

void zag_robust_remove(pthread_mutex_t *m)
{
	struct robust_list *e = entry_of(m);
	struct robust_list *prev = (void *)m->__data.__list.__prev;

	set_prev(e->next, prev);
	prev->next = e->next;
	zag_fence_stores();
	e->next = NULL;
	set_prev(e, NULL);
	zag_store_rlx(holder_of(m), 0);
	robust.count--;
}

uint32_t zag_robust_holder(const pthread_mutex_t *m)
{
	const _Atomic uint32_t *word = word_of((pthread_mutex_t *)m);
	uint32_t owner = zag_load_rlx(word) & FUTEX_TID_MASK;

	if (!owner || owner != zag_robust_tid)
		return 0;
	return zag_load_rlx(holder_of(m));
}

/* As handle_futex_death() in the kernel; the list is locked. */
static void abandon(pthread_mutex_t *m)
{
	_Atomic uint32_t *word = word_of(m);
	uint32_t v = zag_load_acq(word);

	robust.head.list_op_pending = entry_of(m);
	zag_robust_remove(m);
	while (!zag_cas(word, &v, (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
		;
	if (v & FUTEX_WAITERS)
		zag_raw(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
	robust.head.list_op_pending = NULL;
}

void zag_robust_owner_dies(uint32_t tid)
{
	struct robust_list *e, *next;

	if (!robust.count) /* one's own would be counted */
		return;
	zag_lock(&robust.lock);
	for (e = robust.head.list.next; e != &robust.head.list; e = next) {
		next = e->next;
		if (zag_load_rlx(holder_of(mutex_of(e))) == tid)
			abandon(mutex_of(e));
	}
	zag_unlock(&robust.lock);
}

void zag_robust_reset(void)
{
	robust.lock = (struct zag_lock){ 0 };
	robust.head.list.next = &robust.head.list;
	robust.head.list_op_pending = NULL;
	robust.count = 0;
	zag_robust_tid = 0;
}
