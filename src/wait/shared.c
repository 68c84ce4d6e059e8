/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping on shared words: the watchers, and who waits for what. */
#include "config.h"

#include "wait/shared.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>

#include "base/futex.h"
#include "base/lock.h"
#include "base/queue.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "sched/offload.h"
#include "sched/sched.h"

enum {
	WORDS = FUTEX_WAITV_MAX - 1, /* of a watcher, beside its own */
	WATCHERS = 8,
	LOOKS = 4, /* turns that others get before a fiber sleeps */
};

struct waiter {
	struct zag_wait wait;
	bool one;     /* the next wake-up is for somebody else */
	uint8_t firm; /* enum zag_firm */
	bool queued;  /* the lock protects it, and the link */
	TAILQ_ENTRY(waiter) link;
};

/* One word, and the value that those who sleep have seen in it. */
struct place {
	const _Atomic uint32_t *word; /* NULL: free */
	uint32_t expected;
	uint32_t uses; /* how often it has been free; never reset */
	TAILQ_HEAD(, waiter) queue;
};

struct watcher {
	struct zag_job job;
	_Atomic bool busy; /* the job is not over yet */
	_Atomic uint32_t changed; /* futex: rises with each new place */
	_Atomic uint32_t seen; /* as it was when the kernel was last told */
	bool running;
	uint32_t coming; /* fibers that are about to take a place */
	uint32_t count;  /* places that are not free */
	struct place places[WORDS];

	/* What the kernel was last told: the watcher's own. */
	uint32_t told, uses[WORDS + 1], index[WORDS + 1];
	struct futex_waitv vec[WORDS + 1];
};

enum able { UNTRIED, ABLE, UNABLE };

static struct {
	/* Protects all but what is the watchers' own; before run queue
	 * locks and offload's. */
	struct zag_lock lock;
	_Atomic uint32_t able; /* enum able: to use futex_waitv */
	_Atomic uint32_t waiters;
	_Atomic int32_t pid; /* whose the watchers' threads are */
	struct watcher watchers[WATCHERS];
} shared;

/* --- places ------------------------------------------------------------- */

static void append(struct place *p, struct waiter *w)
{
	w->queued = true;
	ZAG_TAILQ_APPEND(&p->queue, w, link);
	zag_add(&shared.waiters, 1);
}

/* Its place is free when nobody is left. */
static void take_out(struct watcher *own, struct place *p, struct waiter *w)
{
	w->queued = false;
	TAILQ_REMOVE(&p->queue, w, link);
	zag_sub(&shared.waiters, 1);
	if (!TAILQ_EMPTY(&p->queue))
		return;
	p->word = NULL;
	p->uses++;
	own->count--;
}

static struct place *find_place(struct watcher *own,
				const _Atomic uint32_t *word,
				uint32_t expected)
{
	for (uint32_t i = 0, seen = 0; seen < own->count; i++) {
		struct place *p = &own->places[i];

		seen += p->word != NULL;
		if (p->word == word && p->expected == expected)
			return p;
	}
	return NULL;
}

static struct place *new_place(struct watcher *own,
			       const _Atomic uint32_t *word, uint32_t expected)
{
	struct place *p = own->places;

	while (p->word)
		p++;
	p->word = word;
	p->expected = expected;
	own->count++;
	zag_add(&own->changed, 1);
	return p;
}

/* Wake up to n of those who wait at p; how many. */
static int wake_place(struct watcher *own, struct place *p, int n)
{
	struct waiter *w, *next;
	int woken = 0;

	for (w = TAILQ_FIRST(&p->queue); w && woken < n; w = next) {
		next = TAILQ_NEXT(w, link);
		take_out(own, p, w);
		/* False: a timeout was first; it waits for our lock. */
		woken += zag_wait_wake(&w->wait, ZAG_WAKE_READY);
	}
	return woken;
}

static void wake_all(struct watcher *own)
{
	for (uint32_t i = 0; i < WORDS; i++)
		if (own->places[i].word)
			wake_place(own, &own->places[i], INT32_MAX);
}

/* --- on the watcher ----------------------------------------------------- */

/* Tell the kernel of every place; false: there is none, and no watcher. */
static bool tell(struct watcher *own)
{
	uint32_t n = 1;
	bool go;

	zag_lock(&shared.lock);
	zag_store_rel(&own->seen, zag_load_acq(&own->changed));
	own->running = own->count > 0 || own->coming > 0;
	own->vec[0] = (struct futex_waitv){
		.val = zag_load_rlx(&own->seen),
		.uaddr = (uintptr_t)&own->changed,
		.flags = FUTEX_32 | FUTEX_PRIVATE_FLAG,
	};
	for (uint32_t i = 0; n <= own->count; i++) {
		struct place *p = &own->places[i];

		if (!p->word)
			continue;
		own->index[n] = i;
		own->uses[n] = p->uses;
		own->vec[n++] = (struct futex_waitv){
			.val = p->expected,
			.uaddr = (uintptr_t)p->word,
			.flags = FUTEX_32,
		};
	}
	own->told = n;
	go = own->running;
	zag_unlock(&shared.lock);
	return go;
}

/* The place that the kernel was told of as number i; NULL: it is gone. */
static struct place *place_told(struct watcher *own, uint32_t i)
{
	struct place *p = &own->places[own->index[i]];

	return p->word && p->uses == own->uses[i] ? p : NULL;
}

static bool wakes_one(const struct place *p)
{
	return TAILQ_FIRST(&p->queue)->one;
}

/* Somebody has woken word number i, or may have. */
static void pass_on(struct watcher *own, uint32_t i)
{
	struct place *p = place_told(own, i);
	const void *word = (const void *)(uintptr_t)own->vec[i].uaddr;
	bool one = p && wakes_one(p);

	if (!p || !wake_place(own, p, one ? 1 : INT32_MAX))
		zag_raw(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

/* Places whose word is not what is expected any more: none of the sleepers
 * may sleep.  Their memory is there as long as they are. */
static void wake_changed(struct watcher *own, bool all)
{
	for (uint32_t i = 1; i < own->told; i++) {
		struct place *p = place_told(own, i);

		if (p && (all || zag_load_acq(p->word) != p->expected))
			wake_place(own, p, !all && wakes_one(p) ? 1 : INT32_MAX);
	}
}

/* futex_waitv tells one of those that were woken, the last in the list. */
static void watch_once(struct watcher *own)
{
	long r = zag_raw(SYS_futex_waitv, own->vec, own->told, 0, NULL, 0);

	zag_lock(&shared.lock);
	for (long i = 1; i <= r; i++)
		pass_on(own, (uint32_t)i);
	if (r < 0 && r != -EINTR)
		wake_changed(own, r != -EAGAIN);
	zag_unlock(&shared.lock);
}

static struct watcher *watcher_of(struct zag_job *j)
{
	return zag_container_of(j, struct watcher, job);
}

static long watch(struct zag_job *j)
{
	struct watcher *own = watcher_of(j);

	while (tell(own))
		watch_once(own);
	return 0;
}

static void begin(struct zag_job *j)
{
	zag_store_rlx(&watcher_of(j)->busy, true);
}

static void done(struct zag_job *j)
{
	zag_store_rel(&watcher_of(j)->busy, false);
}

/* --- on the fiber ------------------------------------------------------- */

/* Where to wait; NULL: there is no room. */
static struct watcher *watcher_for(const _Atomic uint32_t *word,
				   uint32_t expected, struct place **p)
{
	struct watcher *room = NULL;

	for (int i = WATCHERS - 1; i >= 0; i--) {
		struct watcher *own = &shared.watchers[i];

		*p = find_place(own, word, expected);
		if (*p)
			return own;
		if (own->count < WORDS)
			room = own;
	}
	return room;
}

/* Have own run, at least until the lock is released.  It is not held all the
 * time: a new thread takes memory from the program's allocator. */
static bool start(struct watcher *own)
{
	bool ok;

	own->running = true;
	own->coming++;
	zag_store_rlx(&shared.pid, (int32_t)zag_raw(SYS_getpid));
	zag_unlock(&shared.lock);
	while (zag_load_acq(&own->busy)) /* it has just stopped */
		zag_yield();
	own->job = (struct zag_job){
		.fn = watch, .lasting = true, .begin = begin, .done = done,
	};
	ok = zag_job_submit(&own->job);
	zag_lock(&shared.lock);
	own->coming--;
	if (!ok) {
		own->running = false;
		wake_all(own);
	}
	return ok;
}

/* One that runs and has room for one more, or NULL.  The lock is held. */
static struct watcher *get_watcher(const _Atomic uint32_t *word,
				   uint32_t expected, struct place **p)
{
	struct watcher *own;

	while ((own = watcher_for(word, expected, p)) && !own->running)
		if (!start(own))
			return NULL;
	return own;
}

/* Queue w at p, or at a new place.  The kernel may know p from before, and
 * compares no more: we do. */
static struct place *enter(struct waiter *w, struct watcher *own,
			   struct place *p, const _Atomic uint32_t *word,
			   uint32_t expected)
{
	zag_wait_begin(&w->wait);
	w->wait.firm = w->firm;
	if (p) {
		append(p, w);
		zag_fence_after_rmw(); /* pairs with zag_shared_wake's */
		if (zag_load_acq(word) != expected)
			wake_place(own, p, INT32_MAX);
		return p;
	}
	p = new_place(own, word, expected);
	append(p, w);
	zag_futex_wake(&own->changed, 1);
	return p;
}

static int finish(struct watcher *own, struct place *p, struct waiter *w,
		  zag_time deadline)
{
	enum zag_wake reason = zag_wait_sleep(&w->wait, deadline);

	if (reason == ZAG_WAKE_READY) /* the waker has taken it out */
		return zag_wake_errno(reason);
	zag_lock(&shared.lock);
	if (w->queued)
		take_out(own, p, w);
	zag_unlock(&shared.lock);
	if (reason != ZAG_WAKE_SIGNAL)
		return zag_wake_errno(reason);
	return zag_wait_interrupted(deadline == ZAG_NEVER) ? -EINTR : -ERESTART;
}

/* A word changes while others have their turn, more often than not. */
static bool look(const _Atomic uint32_t *word, uint32_t expected)
{
	for (int i = 0; i < LOOKS; i++) {
		if (zag_load_acq(word) != expected)
			return false;
		zag_yield();
	}
	return zag_load_acq(word) == expected;
}

/* Before anybody sleeps: who finds out by a failure wakes all for nothing, and
 * futex(2) returns to the program. */
static bool able(void)
{
	uint32_t a = zag_load_rlx(&shared.able);
	long r;

	if (zag_unlikely(a == UNTRIED)) {
		r = zag_raw(SYS_futex_waitv, NULL, 0, 0, NULL, 0);
		a = r == -ENOSYS || r == -EPERM ? UNABLE : ABLE;
		zag_store_rlx(&shared.able, a);
	}
	return a == ABLE;
}

int zag_shared_wait(const _Atomic uint32_t *word, uint32_t expected,
		    enum zag_shared_whom whom, enum zag_firm firm,
		    zag_time deadline)
{
	struct waiter w = { .one = whom == ZAG_SHARED_ONE, .firm = firm };
	struct watcher *own;
	struct place *p;

	if (!able())
		return -ENOSYS;
	if (!look(word, expected))
		return -EAGAIN;
	zag_why_set(&zag_why_shared, (uintptr_t)word);
	zag_lock(&shared.lock);
	own = get_watcher(word, expected, &p);
	if (own)
		p = enter(&w, own, p, word, expected);
	zag_unlock(&shared.lock);
	if (own)
		return finish(own, p, &w, deadline);
	zag_why_clear(zag_fiber_self());
	return -ENOSYS;
}

/* --- wakers ------------------------------------------------------------- */

static int wake_at(struct watcher *own, const void *word, int n)
{
	int woken = 0;

	for (uint32_t i = 0; i < WORDS && own->count && woken < n; i++)
		if (own->places[i].word == word)
			woken += wake_place(own, &own->places[i], n - woken);
	return woken;
}

int zag_shared_wake(const void *word, int n)
{
	int woken = 0;

	zag_fence(); /* the word was changed before; a waiter queues, looks */
	if (!zag_load_rlx(&shared.waiters))
		return 0;
	zag_lock(&shared.lock);
	for (int i = 0; i < WATCHERS && woken < n; i++)
		woken += wake_at(&shared.watchers[i], word, n - woken);
	zag_unlock(&shared.lock);
	return woken;
}

/* --- the end of the process ---------------------------------------------- */

/* What the kernel has woken it for is passed on before it tells anew. */
static void settle(struct watcher *own)
{
	uint32_t now = zag_add(&own->changed, 1) + 1;

	zag_futex_wake(&own->changed, 1);
	while (zag_load_acq(&own->busy) &&
	       (int32_t)(zag_load_acq(&own->seen) - now) < 0)
		zag_raw(SYS_sched_yield);
}

void zag_shared_settle(void)
{
	if (zag_likely(!zag_load_rlx(&shared.pid)) ||
	    zag_load_rlx(&shared.pid) != zag_raw(SYS_getpid))
		return;
	for (int i = 0; i < WATCHERS; i++)
		if (zag_load_acq(&shared.watchers[i].busy))
			settle(&shared.watchers[i]);
}

void zag_shared_reset(void)
{
	memset(&shared, 0, sizeof(shared));
}
