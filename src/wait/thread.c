/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a thread. */
#include "config.h"

#include "wait/thread.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/opt.h"
#include "base/page.h"
#include "base/probe.h"
#include "base/sigmask.h"
#include "fiber/robust.h"
#include "fiber/sigmask.h"
#include "fiber/tcb.h"
#include "fiber/tcb_cancel.h"
#include "fiber/why.h"
#include "sched/carrier.h"
#include "sched/clock.h"
#include "sched/sched.h"
#include "wait/lot.h"
#include "wait/ownstack.h"
#include "wait/shared.h"

/* --- the end ------------------------------------------------------------ */

/* By whoever is the last to need it, never on its stack; `here`: on a fiber or
 * thread that may wait. */
static void recycle(struct zag_fiber *f, bool here)
{
	if (f->is_main)
		return; /* its stack is the process's */
	if (f->affinity) {
		zag_heap_realloc(f->affinity, 0);
		f->affinity = NULL;
	}
	zag_sched_put_slot(f, here);
}

void (*zag_thread_on_closed)(struct zag_fiber *f);
void (*zag_thread_on_gone)(struct zag_fiber *f);

/* f has left its stack for good. */
static void on_exit_fiber(struct zag_fiber *f)
{
	ZAG_PROBE1(exit, f->id);
	zag_store_rlx(&f->state, ZAG_FIBER_DONE);
	zag_sigmask_release(f);
	if (zag_thread_on_gone)
		zag_thread_on_gone(f);
	if (zag_unlikely(f->user_stack))
		zag_ownstack_release(f);
	if (zag_xchg(&f->done, ZAG_FINISHED) == ZAG_UNWANTED)
		recycle(f, false);
	else
		zag_lot_wake(&f->done, 1);
}

/* What was sent to it has come, or is another's now. */
static void close_signals(struct zag_fiber *self)
{
	zag_wait_look();
	zag_store_rel(&self->sigclosed, true);
	zag_fence(); /* pairs with the one in zag_signal_send_process */
	if (zag_thread_on_closed)
		zag_thread_on_closed(self);
}

/* Nothing can cancel it any more, no signal comes; what robust mutexes it
 * holds are left. */
static void owner_dies(struct zag_fiber *self)
{
	zag_tcb_cancel_end();
	if (self)
		close_signals(self);
	zag_tcb_owner_dies();
	if (self)
		zag_robust_owner_dies(self->tid);
}

void zag_thread_quit(int status)
{
	owner_dies(zag_fiber_self());
	if (zag_sub(&zag_sched.fibers, 1) == 1) {
		zag_shared_settle();
		zag_raw(SYS_exit_group, status);
	}
	zag_sched_exit();
}

static void make_room(void)
{
	if (zag_unlikely(zag_opt.max_fibers != 0))
		zag_lot_unpark(&zag_sched.fibers, 1, NULL, NULL);
}

void zag_thread_finish(void)
{
	struct zag_fiber *self;

	zag_tcb_leave();
	zag_tcb_free_cache();
	self = zag_fiber_self();
	owner_dies(self);
	/* The last thread ends the process; in a forked child without a
	 * runtime there is no other. */
	if (!self || zag_sub(&zag_sched.fibers, 1) == 1) {
		if (self)
			zag_store_rel(&self->sigclosed, false);
		exit(0);
	}
	make_room();
	zag_sched_exit();
}

/* Reached by zag_arch_main_left, when main's stack is unwound. */
void zag_fiber_main_left(void);
void zag_fiber_main_left(void)
{
	zag_thread_finish();
}

void zag_thread_install(void)
{
	zag_sched_on_exit = on_exit_fiber;
}

/* --- the beginning ------------------------------------------------------ */

/* The first frame of a fiber, as glibc's start_thread: pthread_exit and
 * cancellation unwind to it. */
static void first_frame(void *fiber)
{
	struct zag_fiber *f = fiber;
	__pthread_unwind_buf_t buf;

	zag_carrier_finish_switch(f->carrier);
	zag_leave(f->carrier, 0);
	/*
	 * No zag_wait_look: natively it would run, and may have set a handler
	 * up, before a thread that was created after it sends it a signal.
	 * The monitor reminds it.
	 */
	zag_tcb_enter();
	if (!__sigsetjmp_cancel(buf.__cancel_jmp_buf, 0)) {
		zag_tcb_set_unwind(&buf);
		f->result = f->start(f->arg);
	}
	zag_thread_finish();
}

static void inherit(struct zag_fiber *f, const struct zag_thread_attr *attr)
{
	struct zag_fiber *self = zag_fiber_self();
	uint64_t mask;

	f->lifetime = zag_opt.fiber_timeout ?
			      zag_now() + (zag_time)zag_opt.fiber_timeout :
			      ZAG_NEVER;
	f->deadline = self ? self->deadline : ZAG_NEVER;
	f->expires = zag_min(f->lifetime, f->deadline);
	f->nice = self ? self->nice : 0;
	f->policy = attr->policy;
	f->priority = attr->priority;
	zag_store_rlx(&f->sigpending, 0);
	zag_store_rlx(&f->sigaccepts, 0);
	zag_store_rlx(&f->sigchosen, false);
	zag_store_rlx(&f->sigtold, false);
	zag_store_rlx(&f->sigwait, NULL);
	zag_store_rlx(&f->sigclosed, false);
	f->sigdelivers = false;
	f->sigswapped = false;
	f->altstack = (stack_t){ .ss_flags = SS_DISABLE };
	mask = self ? zag_load_rlx(&self->sigmask) : 0;
	if (attr->sigmask)
		memcpy(&mask, attr->sigmask, sizeof(mask));
	zag_sigmask_hold(f, mask & ~(ZAG_SIGBIT(SIGKILL) |
				     ZAG_SIGBIT(SIGSTOP) |
				     ZAG_SIGBIT(ZAG_SIGNAL) |
				     ZAG_SIGBIT(ZAG_SIGNAL_IDS)));
	zag_fence(); /* pairs with zag_signal_send_process */
	zag_sigmask_opened(f, ~mask);
	if (self)
		memcpy(f->name, self->name, sizeof(f->name));
}

int zag_thread_set_affinity(struct zag_fiber *f, const cpu_set_t *set,
			    size_t size)
{
	if (!f->affinity)
		f->affinity = zag_heap_realloc(NULL, ZAG_AFFINITY_SIZE);
	if (!f->affinity)
		return ENOMEM;
	memset(f->affinity, 0, ZAG_AFFINITY_SIZE);
	memcpy(f->affinity, set, zag_min(size, (size_t)ZAG_AFFINITY_SIZE));
	return 0;
}

static struct zag_fiber *get_slot(const struct zag_thread_attr *attr)
{
	struct zag_fiber *f;

	if (!attr->stack)
		return zag_sched_get_slot(attr->stack_size, attr->guard_size);
	f = zag_sched_get_slot(0, 0);
	if (f)
		zag_fiber_use_stack(f, attr->stack, attr->stack_size);
	return f;
}

/* Two at the same time may lose one of the peak. */
static void count_live(void)
{
	uint64_t n = zag_add(&zag_sched.fibers, 1) + 1;

	if (n > zag_load_rlx(&zag_sched.peak))
		zag_store_rlx(&zag_sched.peak, n);
}

static bool is_full(void *arg)
{
	(void)arg;
	return zag_load_acq(&zag_sched.fibers) >= zag_opt.max_fibers;
}

/* pthread_create has no way to say "later", and EAGAIN ends many a program.
 * Two that find room for one may both take it. */
static void wait_for_room(void)
{
	static const struct zag_lot_ops ops = { .validate = is_full };

	while (is_full(NULL))
		zag_lot_park(&zag_sched.fibers, &ops, NULL, ZAG_NEVER);
}

int zag_thread_create(pthread_t *t, const struct zag_thread_attr *attr,
		      void *(*start)(void *), void *arg)
{
	struct zag_fiber *self = zag_fiber_self();
	struct zag_fiber *f;
	const cpu_set_t *affinity;

	if (zag_unlikely(zag_opt.max_fibers != 0))
		wait_for_room();
	f = get_slot(attr);
	if (!f)
		return EAGAIN;
	affinity = attr->affinity;
	if (!affinity && self)
		affinity = self->affinity;
	if (affinity &&
	    zag_thread_set_affinity(f, affinity, ZAG_AFFINITY_SIZE)) {
		recycle(f, true);
		return EAGAIN;
	}
	if (zag_unlikely(f->user_stack))
		zag_ownstack_claim(f);
	f->id = zag_fiber_next_id();
	f->native = 0;
	zag_clock_born(f);
	f->start = start;
	f->arg = arg;
	ZAG_PROBE2(create, f->id, (void *)start);
	f->result = PTHREAD_CANCELED; /* unless it returns or exits */
	zag_store_rlx(&f->joining, NULL);
	zag_store_rlx(&f->join, attr->detached ? ZAG_DETACHED : ZAG_JOINABLE);
	zag_store_rlx(&f->done, attr->detached ? ZAG_UNWANTED : ZAG_LIVE);
	zag_store_rlx(&f->state, ZAG_FIBER_READY);
	inherit(f, attr);
	zag_fiber_prepare(f, first_frame, f);
	count_live();
	*t = zag_fiber_pthread(f); /* before it runs: it may look */
	zag_sched_ready(f);
	return 0;
}

/* --- join and detach ---------------------------------------------------- */

/* Whether self would wait for itself; not if a cancellation will end that. */
static bool deadlocks(struct zag_fiber *f, struct zag_fiber *self)
{
	const uint32_t ends = ZAG_CANCEL_CANCELED | ZAG_CANCEL_EXITING;

	if (zag_cancel_pending())
		return false;
	if (f == self)
		return true;
	return self && zag_load_acq(&self->join) == ZAG_JOINED &&
	       zag_load_acq(&f->joining) == self &&
	       !(zag_load_acq(zag_tcb_cancel_word(f->ctx.tp)) & ends);
}

/* Claim the right to join f. */
static int begin_join(struct zag_fiber *f)
{
	struct zag_fiber *self = zag_fiber_self();
	uint32_t joinable = ZAG_JOINABLE;

	if (zag_load_acq(&f->state) == ZAG_FIBER_FREE)
		return ESRCH;
	if (deadlocks(f, self))
		return EDEADLK;
	return zag_cas(&f->join, &joinable, ZAG_JOINED) ? 0 : EINVAL;
}

static void take_result(struct zag_fiber *f, void **value)
{
	if (value)
		*value = f->result;
	recycle(f, true);
}

static bool finished(struct zag_fiber *f)
{
	return zag_load_acq(&f->done) == ZAG_FINISHED;
}

static int wait_finished(struct zag_fiber *f, zag_time deadline)
{
	struct zag_fiber *self = zag_fiber_self();
	int r = 0;

	if (self)
		zag_store_rel(&self->joining, f);
	while (!finished(f) && r != -ETIMEDOUT && r != -ZAG_ECANCEL) {
		zag_why_set(&zag_why_join, (uintptr_t)f);
		r = zag_lot_wait_point(&f->done, ZAG_LIVE, deadline);
	}
	if (self)
		zag_store_rel(&self->joining, NULL);
	return finished(f) ? 0 : -r;
}

int zag_thread_join(struct zag_fiber *f, void **value, zag_time deadline)
{
	int err = begin_join(f);

	if (err)
		return err;
	err = wait_finished(f, deadline);
	if (err)
		zag_store_rel(&f->join, ZAG_JOINABLE);
	else
		take_result(f, value);
	return err;
}

int zag_thread_tryjoin(struct zag_fiber *f, void **value)
{
	int err;

	if (!finished(f) && zag_load_acq(&f->state) != ZAG_FIBER_FREE)
		return EBUSY;
	err = begin_join(f);
	if (!err)
		take_result(f, value);
	return err;
}

int zag_thread_detach(struct zag_fiber *f)
{
	uint32_t joinable = ZAG_JOINABLE;

	if (zag_load_acq(&f->state) == ZAG_FIBER_FREE)
		return ESRCH;
	if (!zag_cas(&f->join, &joinable, ZAG_DETACHED))
		return EINVAL;
	if (zag_xchg(&f->done, ZAG_UNWANTED) == ZAG_FINISHED)
		recycle(f, true);
	return 0;
}
