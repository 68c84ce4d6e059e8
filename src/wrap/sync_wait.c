/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping on a word that may be shared with other processes. */

#include "config.h"

#include "wrap/sync_common.h"

#include <linux/futex.h>

#include "fiber/tcb_cancel.h"
#include "wait/shared.h"

#define FAIR 16 /* one wake-up of so many begins in the kernel */
#define COME_UP (ZAG_NSEC / 20)

/* A fiber always gives the kernel a time: without one, the futex would go on
 * after a handler as if nothing had happened. */
static int kernel_wait(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	return (int)zag_futex_sleep(word, expected, 0, deadline,
				    !zag_on_fiber());
}

static bool is_cancelled(enum zag_firm firm)
{
	uint32_t bits = zag_tcb_cancel_bits();

	return zag_cancel_unwinds(bits) ||
	       (!(firm & ZAG_FIRM_COND) && zag_cancel_fails(bits));
}

/* A cancellation does not find us there: come up for it now and then. */
static int kernel_wait_point(const _Atomic uint32_t *word, uint32_t expected,
			     enum zag_firm firm, zag_time deadline)
{
	zag_time next, until;
	int r;

	do {
		if (is_cancelled(firm))
			return -ZAG_ECANCEL;
		until = zag_deadline_mono(deadline);
		next = zag_min(until, zag_now() + COME_UP);
		r = kernel_wait(word, expected, next);
	} while (r == -ETIMEDOUT && next != until);
	return r;
}

/* Where fibers cannot wait for shared words, they keep a kernel thread. */
static int wait_shared(const _Atomic uint32_t *word, uint32_t expected,
		       enum zag_shared_whom whom, enum zag_firm firm,
		       zag_time deadline)
{
	int r = -ENOSYS;

	if (zag_on_fiber())
		r = zag_shared_wait(word, expected, whom, firm, deadline);
	if (r != -ENOSYS)
		return r == -ERESTART ? 0 : r;
	return firm == ZAG_FIRM_LOCK ?
		       kernel_wait(word, expected, deadline) :
		       kernel_wait_point(word, expected, firm, deadline);
}

int zag_sync_wait(const _Atomic uint32_t *word, uint32_t expected,
		  zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, ZAG_SHARED_ONE,
				    ZAG_FIRM_LOCK, deadline)
		      : zag_lot_wait(word, expected, deadline);
}

int zag_sync_wait_all(const _Atomic uint32_t *word, uint32_t expected,
		      zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, ZAG_SHARED_ALL,
				    ZAG_FIRM_LOCK, deadline)
		      : zag_lot_wait(word, expected, deadline);
}

int zag_sync_wait_point(const _Atomic uint32_t *word, uint32_t expected,
			zag_time deadline, bool shared)
{
	return shared ? wait_shared(word, expected, ZAG_SHARED_ONE,
				    ZAG_FIRM_NOT, deadline)
		      : zag_lot_wait_point(word, expected, deadline);
}

int zag_sync_wait_cond(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline)
{
	enum zag_firm firm = zag_tcb_cancel_bits() & ZAG_CANCEL_TOLD ?
				     ZAG_FIRM_COND :
				     ZAG_FIRM_NOT;

	return wait_shared(word, expected, ZAG_SHARED_ONE, firm, deadline);
}

static int wake_kernel(const void *word, int n)
{
	long r = zag_raw(SYS_futex, word, FUTEX_WAKE, n, 0, 0, 0);

	return r > 0 ? (int)r : 0;
}

/*
 * Fibers of this process are woken first, as that takes no system call, but
 * not always: others would wait for ever.
 */
static void wake_shared(const void *word, int n)
{
	static _Atomic uint32_t turn;
	int woken = 0;

	if (zag_add(&turn, 1) % FAIR == 0)
		woken = wake_kernel(word, n);
	if (woken < n)
		woken += zag_shared_wake(word, n - woken);
	if (woken < n)
		wake_kernel(word, n - woken);
}

void zag_sync_wake(const void *word, int n, bool shared)
{
	if (shared)
		wake_shared(word, n);
	else
		zag_lot_wake(word, n);
}
