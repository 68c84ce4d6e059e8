/* SPDX-License-Identifier: BSD-2-Clause */
/* Two tables without a lock: places that wait, and locks that are waited for. */
#include "config.h"

#include "obs/hot.h"

#include "base/page.h"
#include "obs/unwind.h"
#include "wait/wait.h"

enum { FRAMES = 16 };

static struct zag_hot *places, *locks;
static _Atomic uint32_t wanted;

/* The entry of a key, claimed if there is none; NULL: the table is full. */
static struct zag_hot *entry_of(struct zag_hot *table, uintptr_t key,
				const struct zag_why *why)
{
	uint32_t i = (uint32_t)((key ^ (uintptr_t)why) *
				UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (unsigned n = 0; n < ZAG_HOT_SIZE; n++, i++) {
		struct zag_hot *h = &table[i % ZAG_HOT_SIZE];
		const struct zag_why *none = NULL;
		uintptr_t free = 0;

		if (zag_load_acq(&h->key) == 0)
			zag_cas(&h->key, &free, key);
		if (zag_load_acq(&h->key) != key)
			continue;
		zag_cas(&h->why, &none, why);
		if (zag_load_acq(&h->why) == why)
			return h;
	}
	return NULL;
}

static void note(struct zag_hot *h, uint64_t ticks)
{
	uint64_t us = ticks / zag_arch_ticks_per_us;
	int i = us ? 64 - __builtin_clzll(us) : 0;
	uint64_t worst = zag_load_rlx(&h->worst);

	zag_add(&h->count, 1);
	zag_add(&h->total, ticks);
	zag_add(&h->times[zag_min(i, ZAG_TIMES - 1)], 1);
	while (ticks > worst && !zag_cas(&h->worst, &worst, ticks))
		;
}

static bool is_theirs(uintptr_t pc)
{
	return !zag_unwind_is_ours(pc);
}

/* --- the wait floor's hook ---------------------------------------------- */

static struct zag_wait_note begin(struct zag_fiber *f)
{
	struct zag_wait_note note = {
		.since = zag_arch_ticks(),
		.why = zag_load_rlx(&f->why),
		.arg = zag_load_rlx(&f->why_arg),
	};
	uintptr_t pcs[FRAMES];
	size_t n = zag_unwind_here(pcs, FRAMES, is_theirs);

	if (n >= 2 && is_theirs(pcs[n - 1])) {
		note.site = pcs[n - 1];
		note.call = pcs[n - 2];
	}
	return note;
}

static bool is_lock(const struct zag_why *why)
{
	return why->arg == ZAG_ARG_MUTEX || why->arg == ZAG_ARG_RWLOCK;
}

static void end(const struct zag_wait_note *w)
{
	uint64_t ticks = zag_arch_ticks() - w->since;
	struct zag_hot *h;

	if (!w->why)
		return;
	h = w->site ? entry_of(places, w->site, w->why) : NULL;
	if (h) {
		zag_store_rlx(&h->call, w->call);
		note(h, ticks);
	}
	h = is_lock(w->why) && w->arg ? entry_of(locks, w->arg, w->why) : NULL;
	if (h)
		note(h, ticks);
}

static const struct zag_wait_observer observer = { begin, end };

/* --- on and off --------------------------------------------------------- */

static bool make_tables(void)
{
	const size_t size = ZAG_HOT_SIZE * sizeof(struct zag_hot);

	if (!places)
		places = zag_page_alloc(size);
	if (!locks)
		locks = zag_page_alloc(size);
	return places && locks;
}

bool zag_hot_start(void)
{
	if (!make_tables())
		return false;
	zag_unwind_is_ours(0); /* which remembers where we are */
	zag_add(&wanted, 1);
	zag_store_rel(&zag_wait_observer, &observer);
	return true;
}

void zag_hot_stop(void)
{
	if (zag_sub(&wanted, 1) == 1)
		zag_store_rel(&zag_wait_observer, NULL);
}

bool zag_hot_on(void)
{
	return zag_load_rlx(&wanted) != 0;
}

/* --- read out ----------------------------------------------------------- */

static const struct zag_hot *used(const struct zag_hot *table, unsigned i)
{
	return table && zag_load_acq(&table[i].count) ? &table[i] : NULL;
}

const struct zag_hot *zag_hot_place(unsigned i)
{
	return used(places, i);
}

const struct zag_hot *zag_hot_lock(unsigned i)
{
	return used(locks, i);
}

/* Half-way through the counts, and half-way into that power of two. */
uint64_t zag_hot_typical(const struct zag_hot *h)
{
	uint64_t half = (zag_load_rlx(&h->count) + 1) / 2, n = 0;

	for (int i = 0; i < ZAG_TIMES; i++) {
		n += zag_load_rlx(&h->times[i]);
		if (n >= half)
			return i ? (UINT64_C(750) << i) : 500;
	}
	return 0;
}
