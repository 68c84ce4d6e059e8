/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_once.  The word is 0, then the process id and "in progress", then
 * "done".  A call in progress in another process is one that fork cut off: it
 * is made again.
 */

#include "config.h"

#include "wrap/libc.h"

#include <pthread.h>

#include "fiber/why.h"
#include "wrap/sync_common.h"

#define IN_PROGRESS 1u
#define DONE 2u
#define PID_SHIFT 2

struct once_call {
	_Atomic uint32_t *word;
	bool returned;
};

/*
 * Also when init is left by an exception, pthread_exit or cancellation, for
 * which this library is compiled with -fexceptions: then it was not made.
 */
static void leave(struct once_call *call)
{
	zag_store_rel(call->word, call->returned ? DONE : 0);
	zag_lot_wake(call->word, INT_MAX);
}

static int run(_Atomic uint32_t *word, void (*init)(void))
{
	struct once_call call __attribute__((cleanup(leave))) = { word, false };

	init();
	call.returned = true;
	return 0;
}

ZAG_NOINLINE static int once_slow(_Atomic uint32_t *word, void (*init)(void))
{
	uint32_t mine = (uint32_t)zag_raw(SYS_getpid) << PID_SHIFT |
			IN_PROGRESS;
	uint32_t now = zag_load_acq(word);

	while (!(now & DONE)) {
		if (now != mine) {
			if (zag_cas(word, &now, mine))
				return run(word, init);
		} else {
			zag_why_set(&zag_why_once, (uintptr_t)word);
			zag_lot_wait(word, mine, ZAG_NEVER);
			now = zag_load_acq(word);
		}
	}
	return 0;
}

ZAG_EXPORT int pthread_once(pthread_once_t *once, void (*init)(void))
{
	_Atomic uint32_t *word = (_Atomic uint32_t *)once;

	if (zag_likely(zag_load_acq(word) & DONE))
		return 0;
	return once_slow(word, init);
}

ZAG_ALIAS(__pthread_once, pthread_once);
