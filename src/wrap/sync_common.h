/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the synchronisation objects share.
 *
 * Private objects wait in the parking lot.  Process-shared ones are in libc's
 * own format, and may be waited for and woken by a process without us: they
 * wait by wait/shared.h.
 *
 * Context of everything in wrap/sync_*: fiber or native thread, also before
 * the constructor has run.  Nothing allocates or takes a lock of libc.
 */
#ifndef ZAG_WRAP_SYNC_COMMON_H
#define ZAG_WRAP_SYNC_COMMON_H

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/single_threaded.h>
#include <time.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/raw.h"
#include "fiber/tcb.h"
#include "wait/lot.h"
#include "wait/wait.h"
#include "wrap/wrap.h"

/* libc's own function; ENOSYS as long as the constructor has not found it. */
#define ZAG_SYNC_REAL(call, ...)                                               \
	(zag_likely(ZAG_REAL(call)) ? ZAG_REAL(call)(__VA_ARGS__) : ENOSYS)

/* A time given by the program; "until" is NULL where it gave none. */
struct zag_sync_until {
	clockid_t clock;
	const struct timespec *abs;
};

static inline bool zag_sync_clock_valid(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

static inline bool zag_sync_until_valid(const struct zag_sync_until *until)
{
	return zag_timespec_valid(until->abs) &&
	       zag_sync_clock_valid(until->clock);
}

/* The deadline for a valid `until`, or never. */
static inline zag_time zag_sync_deadline(const struct zag_sync_until *until)
{
	return until ? zag_deadline_wall(until->clock, until->abs) : ZAG_NEVER;
}

/*
 * Who owns a lock: the id in the thread's TCB, as in libc, so that a lock
 * taken through libc and one taken through us have the same owner.
 */
static inline uint32_t zag_sync_tid(void)
{
	if (zag_unlikely(!zag_tcb_tid_offset))
		return (uint32_t)zag_raw(SYS_gettid);
	return ZAG_TCB_AT(zag_arch_tp(), zag_tcb_tid_offset, uint32_t);
}

/*
 * The same for an object of several processes, whose fibers may have the same
 * ids: kept beside libc's owner.
 */
static inline uint64_t zag_sync_global_tid(void)
{
	return (uint64_t)zag_fiber_main.tid << 32 | zag_sync_tid();
}

/*
 * Sleep while *word == expected; `shared`: other processes see the word.
 * 0 (also for no reason), -EAGAIN, -ETIMEDOUT; -EINTR after a handler that does
 * not restart calls, or any if there is a deadline: a call that has no EINTR
 * waits again.
 */
int zag_sync_wait(const _Atomic uint32_t *word, uint32_t expected,
		  zag_time deadline, bool shared);

/* The same; one wake-up is for all who sleep here, not for one of them. */
int zag_sync_wait_all(const _Atomic uint32_t *word, uint32_t expected,
		      zag_time deadline, bool shared);

/* The same at a cancellation point: also -ZAG_ECANCEL. */
int zag_sync_wait_point(const _Atomic uint32_t *word, uint32_t expected,
			zag_time deadline, bool shared);

/* The same on a word of a shared condition: calls that are to fail end it until
 * the program has been told so (zag_cancel_tell). */
int zag_sync_wait_cond(const _Atomic uint32_t *word, uint32_t expected,
		       zag_time deadline);

/* Wake up to n sleepers.  Nothing is read at word: it may be gone. */
void zag_sync_wake(const void *word, int n, bool shared);

#endif
