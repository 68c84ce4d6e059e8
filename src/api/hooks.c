/* SPDX-License-Identifier: BSD-2-Clause */
/* What zag.h needs of the runtime; found by libzag through dlsym. */
#include "config.h"

#include "api/hooks.h"

#include <errno.h>

#include "base/atomic.h"
#include "ctl/cancel.h"
#include "sched/sched.h"

static uint64_t fiber_id(void)
{
	struct zag_fiber *f = zag_fiber_self();

	return f ? f->id : 0;
}

static int check(void)
{
	struct zag_fiber *f = zag_fiber_self();
	uint32_t bits = zag_tcb_cancel_bits();

	if (zag_cancel_fails(bits))
		return f->cancel_errno;
	if (bits & ZAG_CANCEL_SHIELDED)
		return 0;
	if (zag_cancel_unwinds(bits))
		return ECANCELED;
	return f->expires != ZAG_NEVER && zag_now() >= f->expires ? ETIMEDOUT :
								    0;
}

static int shield(int on)
{
	_Atomic uint32_t *word = zag_tcb_cancel_word(zag_arch_tp());
	uint32_t was;

	if (on)
		was = zag_or(word, ZAG_CANCEL_SHIELDED);
	else
		was = zag_and(word, ~(uint32_t)ZAG_CANCEL_SHIELDED);
	return (was & ZAG_CANCEL_SHIELDED) != 0;
}

static int cancel(pthread_t t, int err)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? -zag_cancel_fiber(f, f->id, ZAG_CANCEL_ERROR, err) : -1;
}

/* Conditions may tell again: it is another time that is over. */
static int64_t deadline(int64_t at)
{
	struct zag_fiber *f = zag_fiber_self();
	int64_t was = f->deadline;

	f->deadline = at;
	f->expires = zag_min(f->lifetime, at);
	zag_and(zag_tcb_cancel_word(f->ctx.tp), ~(uint32_t)ZAG_CANCEL_TOLD);
	return was;
}

/* As one that was found stuck: on a kernel thread of its own, for this turn. */
static void will_block(void)
{
	struct zag_fiber *f = zag_fiber_self();

	f->native = zag_max(f->native, 1U);
	zag_yield();
}

_Atomic(zag_adopter *) zag_hooks_adopter;

static void set_adopter(zag_adopter *adopter)
{
	zag_store_rel(&zag_hooks_adopter, adopter);
}

extern const struct zag_hooks zag_hooks;
__attribute__((visibility("default"))) const struct zag_hooks zag_hooks = {
	.version = ZAG_HOOKS_VERSION,
	.fiber_id = fiber_id,
	.check = check,
	.shield = shield,
	.cancel = cancel,
	.deadline = deadline,
	.will_block = will_block,
	.set_adopter = set_adopter,
};
