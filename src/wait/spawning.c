/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting programs: whose turn it is. */
#include "config.h"

#include "wait/spawning.h"

#include <errno.h>
#include <stdint.h>

#include "base/atomic.h"
#include "fiber/why.h"
#include "sched/carrier.h"
#include "sched/sched.h"
#include "wait/lot.h"
#include "wait/wait.h"

enum {
	EACH = 4, /* at a time, for each processor */
	STUCK_NS = 20 * 1000 * 1000,
};

static struct {
	_Atomic uint32_t under_way; /* rises under the lot's lock only */
	_Atomic uint64_t ended;	    /* so far */
} spawning;

/* Whether to wait; else the caller's turn has begun. */
static bool is_full(void *arg)
{
	(void)arg;
	if (zag_load_rlx(&spawning.under_way) >= EACH * zag_sched.count)
		return true;
	zag_add(&spawning.under_way, 1);
	return false;
}

static void wait_for_turn(void)
{
	static const struct zag_lot_ops ops = { .validate = is_full };
	uint64_t seen;
	int r;

	do {
		seen = zag_load_rlx(&spawning.ended);
		zag_why_default(&zag_why_offload, UINTPTR_MAX);
		r = zag_lot_park(&spawning, &ops, NULL, zag_now() + STUCK_NS);
	} while (r == -EINTR ||
		 (r == -ETIMEDOUT && zag_load_rlx(&spawning.ended) != seen));
	if (r == -ETIMEDOUT)
		zag_add(&spawning.under_way, 1);
}

bool zag_spawning_begin(void)
{
	if (zag_load_acq(&zag_sched.fibers) == 1)
		return false;
	wait_for_turn();
	zag_carrier_hand_on();
	return true;
}

/* The turn is the next one's, or nobody's. */
static void pass_on(void *arg, int woken, bool more)
{
	(void)arg;
	(void)more;
	if (!woken)
		zag_sub(&spawning.under_way, 1);
}

void zag_spawning_end(bool begun)
{
	if (!begun)
		return;
	zag_add(&spawning.ended, 1);
	zag_lot_unpark(&spawning, 1, pass_on, NULL);
}

void zag_spawning_reset(void)
{
	zag_store_rlx(&spawning.under_way, 0);
}
