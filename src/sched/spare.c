/* SPDX-License-Identifier: BSD-2-Clause */
/* Carriers that wait for something to run, and how new ones are made. */
#include "config.h"

#include "sched/spare.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/futex.h"
#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/tcb.h"
#include "sched/carrier.h"
#include "sched/kthread.h"
#include "sched/sched.h"

enum {
	STACK = 64 * 1024, /* of a carrier's scheduler: libev runs on it */
	ALTSTACK = 64 * 1024,
	WANTED = 4, /* carriers made ahead when there was none */
	SPARES_KEPT = 1,    /* that wait for ever … */
	SPARE_LINGER_S = 2, /* … while others do so for this long */
};

static struct {
	struct zag_lock lock; /* protects the rest, every next_spare; a leaf */
	struct zag_carrier *first;
	uint32_t count;
	struct zag_carrier *retired; /* their threads have ended, or will */
	_Atomic bool wanted;	     /* somebody has found none */
} spares;

struct zag_lock zag_carrier_spawning;

/* --- those that wait ---------------------------------------------------- */

static void push_spare(struct zag_carrier *c)
{
	c->next_spare = spares.first;
	spares.first = c;
	spares.count++;
}

/* The lock is held: c is there, or somebody has just popped it. */
static bool remove_spare(struct zag_carrier *c)
{
	struct zag_carrier **link = &spares.first;

	while (*link && *link != c)
		link = &(*link)->next_spare;
	if (!*link)
		return false;
	*link = c->next_spare;
	spares.count--;
	return true;
}

/* Some children are told when the thread ends that has made them: by
 * PR_SET_PDEATHSIG, which the kernel does not let us see. */
static bool has_children(void)
{
	return zag_raw(SYS_waitid, P_ALL, 0, NULL,
		       WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD | __WALL,
		       NULL) != -ECHILD;
}

/* A spare that nobody wanted for long, while others wait as well, ends.  Its
 * place is used again when the kernel says the thread is off its stack. */
static void retire(struct zag_carrier *c)
{
	bool mine;

	if (has_children())
		return;
	zag_lock(&spares.lock);
	mine = spares.count > SPARES_KEPT && c->tid != zag_raw(SYS_getpid) &&
	       remove_spare(c);
	if (mine) {
		c->next_spare = spares.retired;
		spares.retired = c;
	}
	zag_unlock(&spares.lock);
	if (mine)
		zag_raw(SYS_exit, 0);
}

void zag_spare_wait(struct zag_carrier *c)
{
	struct timespec until;

	zag_store_rlx(&c->assigned, 0);
	zag_store_rlx(&c->taken, 0);
	zag_lock(&spares.lock);
	push_spare(c);
	zag_unlock(&spares.lock);
	while (!zag_load_acq(&c->assigned)) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += SPARE_LINGER_S;
		if (zag_futex_wait(&c->assigned, 0, &until) == -ETIMEDOUT)
			retire(c);
	}
}

static void wake_spare(struct zag_carrier *c)
{
	zag_store_rel(&c->assigned, 1);
	zag_futex_wake(&c->assigned, 1);
}

static struct zag_carrier *pop_spare(void)
{
	struct zag_carrier *c;

	zag_lock(&spares.lock);
	c = spares.first;
	if (c) {
		spares.first = c->next_spare;
		spares.count--;
	}
	zag_unlock(&spares.lock);
	return c;
}

/* One whose thread has ended. */
static struct zag_carrier *pop_retired(void)
{
	struct zag_carrier **link, *c;

	zag_lock(&spares.lock);
	link = &spares.retired;
	while (*link && zag_load_acq(&(*link)->alive))
		link = &(*link)->next_spare;
	c = *link;
	if (c)
		*link = c->next_spare;
	zag_unlock(&spares.lock);
	return c;
}

/* --- making them -------------------------------------------------------- */

static struct zag_carrier *make(struct zag_processor *p)
{
	struct zag_carrier *head = zag_load_acq(&zag_sched.carriers);
	struct zag_carrier *c = zag_page_carve(sizeof(*c));

	if (!c)
		return NULL;
	c->slot = zag_fiber_get(STACK, zag_page_size());
	if (!c->slot)
		return NULL;
	c->ctx.tp = c->slot->ctx.tp; /* a switch saves the stack only */
	c->processor = p;
	zag_store_rlx(&c->in_runtime, 1);
	ZAG_TCB_AT(c->slot->ctx.tp, ZAG_TCB_OFFSET(zag_fiber_current), void *) =
		NULL;
	ZAG_TCB_AT(c->slot->ctx.tp, ZAG_TCB_OFFSET(zag_carrier_own), void *) =
		c;
	do {
		c->all_next = head;
	} while (!zag_cas(&zag_sched.carriers, &head, c));
	return c;
}

/* Faults are reported, and overflows of a fiber's stack noticed, on a stack
 * of the carrier's own. */
static void set_altstack(struct zag_carrier *c)
{
	stack_t ss;

	if (!c->altstack)
		c->altstack = zag_page_alloc(ALTSTACK);
	zag_carrier_altstack(c, &ss);
	if (ss.ss_sp)
		zag_raw(SYS_sigaltstack, &ss, NULL);
}

void zag_carrier_altstack(const struct zag_carrier *c, stack_t *ss)
{
	ss->ss_sp = c->altstack;
	ss->ss_flags = c->altstack ? 0 : SS_DISABLE;
	ss->ss_size = ALTSTACK;
}

struct zag_carrier *zag_carrier_adopt(struct zag_processor *p,
				      struct zag_fiber *f)
{
	struct zag_carrier *c = make(p);

	if (!c)
		return NULL;
	zag_fiber_prepare(c->slot, zag_carrier_main, c);
	c->ctx = c->slot->ctx;
	c->current = f;
	c->tid = (uint32_t)zag_raw(SYS_gettid);
	zag_store_rlx(&c->in_runtime, 0);
	set_altstack(c);
	f->carrier = c;
	return c;
}

static int thread_main(void *carrier)
{
	struct zag_carrier *c = carrier;

	zag_kthread_enter("zag-carrier");
	set_altstack(c);
	zag_tcb_enter();
	zag_carrier_main(c);
	return 0;
}

static int spawn(struct zag_carrier *c)
{
	int r;

	zag_lock(&zag_carrier_spawning);
	r = zag_kthread_start(c->slot, thread_main, c, &c->tid, &c->alive);
	zag_unlock(&zag_carrier_spawning);
	return r;
}

/* A carrier without a thread, for later. */
static void retire_unused(struct zag_carrier *c)
{
	zag_store_rlx(&c->alive, 0);
	c->processor = NULL;
	c->given = NULL;
	c->searching = false;
	zag_lock(&spares.lock);
	c->next_spare = spares.retired;
	spares.retired = c;
	zag_unlock(&spares.lock);
}

/*
 * One without a thread.  None is made here: that calls the program's allocator,
 * which may park, and whoever wants one may be parking itself, hold a lock of
 * ours, or have just taken the processor of who holds the allocator's.
 */
static struct zag_carrier *get_unused(void)
{
	struct zag_carrier *c = pop_retired();

	if (!c)
		zag_store_rlx(&spares.wanted, true);
	return c;
}

bool zag_carrier_reserve(uint32_t n)
{
	struct zag_carrier *c;

	if (zag_load_rlx(&spares.wanted))
		n = zag_max(n, (uint32_t)WANTED);
	if (!n)
		return true;
	zag_store_rlx(&spares.wanted, false);
	zag_lock(&spares.lock);
	for (c = spares.retired; c; c = c->next_spare)
		n -= n && !zag_load_acq(&c->alive);
	n -= n && spares.first;
	zag_unlock(&spares.lock);
	for (; n && (c = make(NULL)); n--)
		retire_unused(c);
	return !n;
}

/* No kernel thread could be had for it: keep it for the next try. */
static void unmake(struct zag_carrier *c)
{
	static _Atomic bool warned;

	if (!zag_load_acq(&zag_kthread_execs) && !zag_xchg(&warned, true))
		zag_log(ZAG_LOG_WARN, "no kernel thread for a carrier");
	retire_unused(c);
}

/* Start a carrier, a spare one or one with a new thread, with p to schedule or
 * `given` to run.  False: none can be had. */
static bool start(struct zag_processor *p, struct zag_fiber *given,
		  bool searching)
{
	struct zag_carrier *c = pop_spare();
	bool fresh = !c;

	if (fresh && !(c = get_unused()))
		return false;
	c->processor = p;
	c->given = given;
	c->searching = searching;
	if (p)
		zag_store_rel(&p->carrier, c);
	if (!fresh) {
		wake_spare(c);
		return true;
	}
	if (spawn(c) == 0)
		return true;
	if (p)
		zag_store_rel(&p->carrier, NULL);
	unmake(c);
	return false;
}

bool zag_carrier_start(struct zag_processor *p, bool searching)
{
	return start(p, NULL, searching);
}

bool zag_carrier_run_native(struct zag_fiber *f)
{
	return start(NULL, f, false);
}

void zag_spare_reset(void)
{
	memset(&spares, 0, sizeof(spares));
	zag_carrier_spawning = (struct zag_lock){ 0 };
}
