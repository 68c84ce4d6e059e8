/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns: of many fibers that want the very same thing of the kernel (one
 * lock, any child), one waits there, on a helper thread, and the others here.
 *
 * When the first one leaves, because it has what it wanted or has given up,
 * the next one is the first.  The kernel would have served any of them, so it
 * makes no difference which one waits there; wants that are not served alike
 * must have different keys.  If what one of them has got others have got with
 * it, they have the same tag: they come before the rest.
 *
 * Context: fiber; no lock of the runtime held.
 */
#ifndef ZAG_WAIT_TURN_H
#define ZAG_WAIT_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"

struct zag_turn {
	uint64_t key[6], tag; /* set by the caller; the rest is zag_turn's */
	struct zag_turn *next;
	struct zag_wait wait;
	bool queued;
	bool first; /* it waits in the kernel, or is about to */
};

/*
 * Wait for one's turn.  0: it is, and zag_turn_leave must follow; -EINTR:
 * a signal handler without SA_RESTART (or any, if not `restarts`) has run.
 */
int zag_turn_enter(struct zag_turn *t, bool restarts);
void zag_turn_leave(void *turn); /* does nothing where it has left */

/* In a forked child: nobody waits. */
void zag_turn_reset(void);

#endif
