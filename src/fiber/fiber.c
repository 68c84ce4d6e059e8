/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers: how a slot is laid out, started, recycled. */
#include "config.h"

#include "fiber/fiber.h"

#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/stack.h"
#include "fiber/tcb.h"

ZAG_TLS struct zag_fiber *zag_fiber_current;

ZAG_ALIGNED(ZAG_CACHE_LINE) struct zag_fiber zag_fiber_main;

enum {
	/* Thread ids of fibers start above any the kernel gives
	 * (PID_MAX_LIMIT), and stay inside FUTEX_TID_MASK. */
	FIRST_TID = 1 << 22,
};

static _Atomic uint32_t next_tid = FIRST_TID + 1;
static _Atomic uint64_t next_id = 2;

/* --- by thread id -------------------------------------------------------- */

enum { TIDS_EACH = 4096, TID_TABLES = 8192 };

static _Atomic(_Atomic(struct zag_fiber *) *) by_tid[TID_TABLES];

static _Atomic(struct zag_fiber *) *place_of(uint32_t tid, bool make)
{
	uint32_t i = (tid - FIRST_TID) / TIDS_EACH;
	_Atomic(struct zag_fiber *) *t, *none = NULL;

	if (tid < FIRST_TID || i >= TID_TABLES)
		return NULL;
	t = zag_load_acq(&by_tid[i]);
	if (!t && make) {
		t = zag_page_alloc(TIDS_EACH * sizeof(*t));
		if (t && !zag_cas(&by_tid[i], &none, t)) {
			zag_page_free(t, TIDS_EACH * sizeof(*t));
			t = none;
		}
	}
	return t ? &t[(tid - FIRST_TID) % TIDS_EACH] : NULL;
}

struct zag_fiber *zag_fiber_by_tid(uint32_t tid)
{
	_Atomic(struct zag_fiber *) *place = place_of(tid, false);
	struct zag_fiber *f = place ? zag_load_acq(place) : NULL;

	if (zag_fiber_main.ctx.tp && tid == zag_fiber_main.tid)
		return &zag_fiber_main;
	return f && zag_load_acq(&f->state) != ZAG_FIBER_FREE ? f : NULL;
}

void zag_fiber_reset(void)
{
	memset(by_tid, 0, sizeof(by_tid));
	memset(&zag_fiber_main, 0, sizeof(zag_fiber_main));
}

uint64_t zag_fiber_next_id(void)
{
	return zag_add(&next_id, 1);
}

uint64_t zag_fiber_made(void)
{
	return zag_load_rlx(&next_id) - 2;
}

/* From the end of a slot downwards: struct zag_fiber, struct pthread and
 * static TLS around tp, the stack. */
static void *slot_tp(struct zag_fiber *f)
{
	return (void *)zag_round_down((uintptr_t)f - zag_tcb_above(),
				      zag_tcb_align());
}

struct zag_fiber *zag_fiber_slot(char *end)
{
	return (struct zag_fiber *)zag_round_down(
		(uintptr_t)end - sizeof(struct zag_fiber), ZAG_CACHE_LINE);
}

static char *slot_end(struct zag_fiber *f)
{
	return (char *)zag_round_up((uintptr_t)f + 1, zag_page_size());
}

static void own_stack(struct zag_fiber *f)
{
	char *top = (char *)f->ctx.tp - zag_tcb_below();

	f->stack_size = zag_stack_class_size(f->class);
	f->guard_size = zag_stack_class_guard(f->class);
	f->stack_addr = (char *)zag_round_down((uintptr_t)top, 64) -
			f->stack_size;
	f->user_stack = false;
}

static struct zag_fiber *make(struct zag_stack_class *c)
{
	char *end = zag_stack_carve(c);
	struct zag_fiber *f = end ? zag_fiber_slot(end) : NULL;
	ptrdiff_t self = ZAG_TCB_OFFSET(zag_fiber_current);
	_Atomic(struct zag_fiber *) *place;

	if (!f)
		return NULL;
	f->class = c;
	f->ctx.tp = slot_tp(f);
	f->tid = zag_add(&next_tid, 1);
	if (!zag_tcb_build(f->ctx.tp, f->tid))
		return NULL; /* the slot stays unused, in no list */
	ZAG_TCB_AT(f->ctx.tp, self, struct zag_fiber *) = f;
	own_stack(f);
	place = place_of(f->tid, true);
	if (place) /* else nobody finds it by that */
		zag_store_rel(place, f);
	return f;
}

void zag_fiber_use_stack(struct zag_fiber *f, void *addr, size_t size)
{
	f->stack_addr = addr;
	f->stack_size = size;
	f->guard_size = 0;
	f->user_stack = true;
}

void zag_fiber_prepare(struct zag_fiber *f, void (*fn)(void *), void *arg)
{
	zag_arch_context_init(&f->ctx, (char *)f->stack_addr + f->stack_size,
			      f->ctx.tp, fn, arg);
}

void zag_fiber_recycle(struct zag_fiber *f)
{
	zag_tcb_recycle(f->ctx.tp);
	if (f->user_stack)
		own_stack(f);
	f->stale = false;
}

struct zag_fiber *zag_fiber_get(size_t size, size_t guard)
{
	struct zag_stack_class *c = zag_stack_class(size, guard);
	struct zag_fiber *f = c ? zag_stack_pop(c, 1) : NULL;

	if (f && f->stale)
		zag_fiber_recycle(f);
	return f || !c ? f : make(c);
}

/* The TLS above the stack stays, all of it. */
static void put_trimmed(struct zag_fiber *f)
{
	char *end = slot_end(f);
	char *top = (char *)f->ctx.tp - zag_tcb_below();

	zag_stack_trim(f->class, end, (size_t)(end - top));
	zag_stack_push(f->class, f);
}

void zag_fiber_put_all(struct zag_fiber *f)
{
	struct zag_fiber *next;

	for (f = zag_stack_push_warm(f->class, f); f; f = next) {
		next = f->next;
		put_trimmed(f);
	}
}

void zag_fiber_put(struct zag_fiber *f)
{
	f->next = NULL;
	zag_fiber_put_all(f);
}

void zag_fiber_adopt_main(void)
{
	struct zag_fiber *f = &zag_fiber_main;
	struct sched_param param = { 0 };

	f->ctx.tp = zag_arch_tp();
	f->tid = (uint32_t)zag_raw(SYS_gettid);
	f->id = 1;
	f->is_main = true;
	zag_store_rlx(&f->why_until, INT64_MAX);
	f->result = PTHREAD_CANCELED; /* unless it exits with another */
	f->expires = f->lifetime = f->deadline = INT64_MAX;
	f->policy = (int)zag_raw(SYS_sched_getscheduler, 0) &
		    ~SCHED_RESET_ON_FORK;
	zag_raw(SYS_sched_getparam, 0, &param);
	f->priority = param.sched_priority;
	f->nice = (int8_t)(20 - zag_raw(SYS_getpriority, PRIO_PROCESS, 0));
	zag_raw(SYS_prctl, PR_GET_NAME, f->name);
	zag_store_rlx(&f->state, ZAG_FIBER_RUNNING);
	zag_fiber_current = f;
}

struct zag_fiber *zag_fiber_of(pthread_t t)
{
	void *tp = zag_tcb_tp(t);

	return ZAG_TCB_AT(tp, ZAG_TCB_OFFSET(zag_fiber_current),
			  struct zag_fiber *);
}

pthread_t zag_fiber_pthread(const struct zag_fiber *f)
{
	return zag_tcb_pthread(f->ctx.tp);
}
