/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping on words that other processes wake by futex(2), without a kernel
 * thread for each fiber: a helper thread, the watcher, sleeps on the words of
 * all of them at once (futex_waitv(2), up to 127 words a watcher).
 *
 * The other process need not know of us.  What is woken for nobody here, as
 * its fiber has gone on meanwhile, is woken once more in the kernel, so that
 * no wake-up of another process's is lost.
 */
#ifndef ZAG_WAIT_SHARED_H
#define ZAG_WAIT_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"

/* Whom one wake-up is for. */
enum zag_shared_whom {
	ZAG_SHARED_ONE, /* one sleeper, as long as the word changes with it */
	ZAG_SHARED_ALL, /* everybody who sleeps here */
};

/*
 * As zag_lot_wait_bits, on a word in memory that may be shared; `firm` says which
 * cancellation ends it, with -ZAG_ECANCEL.  -ENOSYS where the kernel cannot, or
 * there are too many words: wait in some other way.
 * Context: fiber; no lock of the runtime held.
 */
int zag_shared_wait(const _Atomic uint32_t *word, uint32_t expected,
		    enum zag_shared_whom whom, enum zag_firm firm,
		    zag_time deadline);

/*
 * Wake up to n fibers of this process that sleep on word; returns how many.
 * The caller wakes others by futex(2).  Context: any thread, fiber.
 */
int zag_shared_wake(const void *word, int n);

/*
 * This process is about to end, or to be another program: have the wake-ups
 * that its watchers hold passed on.  A thread of another process that does not
 * wait any more cannot have had one; a watcher may.
 * Context: any thread, fiber; no lock of the runtime held.
 */
void zag_shared_settle(void);

/* In a forked child: nobody waits. */
void zag_shared_reset(void);

#endif
