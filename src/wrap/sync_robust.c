/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Robust mutexes, in the kernel's and libc's format.
 *
 * The word is the owner's id, with a bit that says that others wait and one
 * that the owner has died.  While a fiber holds it, the id is that of a kernel
 * thread (fiber/robust.h), and another field says which fiber it is.  Threads
 * that are no fibers are left to libc.
 */

#include "config.h"

#include "wrap/sync_mutex.h"

#include <linux/futex.h>

#include "fiber/robust.h"
#include "wrap/sync_common.h"

ZAG_DECLARE_REAL(pthread_mutex_lock);
ZAG_DECLARE_REAL(pthread_mutex_trylock);
ZAG_DECLARE_REAL(pthread_mutex_clocklock);
ZAG_DECLARE_REAL(pthread_mutex_unlock);

/* What libc has in __owner when the last owner has died and nobody has made
 * the mutex consistent yet; and when nobody ever will. */
#define INCONSISTENT INT_MAX
#define NOT_RECOVERABLE (INT_MAX - 1)

static inline _Atomic uint32_t *word_of(pthread_mutex_t *m)
{
	return (_Atomic uint32_t *)&m->__data.__lock;
}

/* Before the runtime has booted, a mutex is libc's, and stays so until it has
 * been unlocked. */
static bool is_libcs(pthread_mutex_t *m)
{
	if (!zag_on_fiber() || !zag_robust_tid)
		return true;
	return (zag_load_rlx(word_of(m)) & FUTEX_TID_MASK) == zag_sync_tid();
}

static int lock_real(pthread_mutex_t *m, const struct zag_sync_until *until)
{
	if (!until)
		return ZAG_SYNC_REAL(pthread_mutex_lock, m);
	return ZAG_SYNC_REAL(pthread_mutex_clocklock, m, until->clock,
			     until->abs);
}

static bool is_type(const pthread_mutex_t *m, int type)
{
	return (m->__data.__kind & 3) == type;
}

/* The word has gone from `v` to zag_robust_tid, and the list is locked. */
static int taken(pthread_mutex_t *m, uint32_t v, uint32_t tid)
{
	zag_robust_add(m, tid);
	m->__data.__count = 1;
	if (v & FUTEX_OWNER_DIED) {
		/* Who has died counts as a user still: that is us now. */
		m->__data.__owner = INCONSISTENT;
		return EOWNERDEAD;
	}
	m->__data.__owner = (int)tid;
	m->__data.__nusers++;
	return 0;
}

/* It has passed from hand to hand since somebody gave it up for good. */
static int hand_on(pthread_mutex_t *m)
{
	m->__data.__count = 0;
	if (zag_xchg(word_of(m), 0) & FUTEX_WAITERS)
		zag_sync_wake(word_of(m), 1, true);
	return ENOTRECOVERABLE;
}

/*
 * Take m if nobody has it; `waiters`: the bit, if others may wait.  EBUSY, and
 * the word in *v, if somebody has.
 */
static int take(pthread_mutex_t *m, uint32_t waiters, uint32_t *v)
{
	uint32_t tid = zag_sync_tid();
	int err = EBUSY;

	*v = zag_load_acq(word_of(m));
	if (*v & FUTEX_TID_MASK)
		return EBUSY;
	zag_robust_begin(m);
	if (zag_cas(word_of(m), v,
		    zag_robust_tid | (*v & FUTEX_WAITERS) | waiters)) {
		err = m->__data.__owner == NOT_RECOVERABLE &&
				      !(*v & FUTEX_OWNER_DIED) ?
			      hand_on(m) :
			      taken(m, *v, tid);
	}
	zag_robust_end();
	return err;
}

/* Its owner locks it again: 0, an error, or EBUSY for one that must wait. */
static int lock_again(pthread_mutex_t *m)
{
	if (is_type(m, PTHREAD_MUTEX_ERRORCHECK))
		return EDEADLK;
	if (!is_type(m, PTHREAD_MUTEX_RECURSIVE))
		return EBUSY;
	if (m->__data.__count == UINT_MAX)
		return EAGAIN;
	m->__data.__count++;
	return 0;
}

static int try(pthread_mutex_t *m, uint32_t waiters, uint32_t *v)
{
	int err = take(m, waiters, v);

	if (err == EBUSY && zag_robust_holder(m) == zag_sync_tid())
		return lock_again(m);
	return err;
}

/* Somebody has it: say that we wait, and do.  0: look again. */
static int wait_for(pthread_mutex_t *m, uint32_t v, zag_time deadline)
{
	if (!(v & FUTEX_TID_MASK))
		return 0;
	if (!(v & FUTEX_WAITERS) &&
	    !zag_cas(word_of(m), &v, v | FUTEX_WAITERS))
		return 0;
	return zag_sync_wait(word_of(m), v | FUTEX_WAITERS, deadline, true) ==
			       -ETIMEDOUT ?
		       ETIMEDOUT :
		       0;
}

int zag_sync_robust_lock(pthread_mutex_t *m, const struct zag_sync_until *until)
{
	uint32_t v, waiters = 0;
	zag_time deadline;
	int err;

	if (is_libcs(m))
		return lock_real(m, until);
	err = try(m, 0, &v);
	if (err != EBUSY)
		return err;
	if (until && !zag_sync_until_valid(until))
		return EINVAL;
	deadline = zag_sync_deadline(until);
	do {
		err = wait_for(m, v, deadline);
		if (err)
			return err;
		waiters = FUTEX_WAITERS;
		err = try(m, waiters, &v);
	} while (err == EBUSY);
	return err;
}

int zag_sync_robust_trylock(pthread_mutex_t *m)
{
	uint32_t v;

	if (is_libcs(m))
		return ZAG_SYNC_REAL(pthread_mutex_trylock, m);
	return try(m, 0, &v);
}

bool zag_sync_robust_held(const pthread_mutex_t *m)
{
	uint32_t tid = zag_sync_tid();
	uint32_t v = (uint32_t)m->__data.__lock & FUTEX_TID_MASK;

	return v == tid || zag_robust_holder(m) == tid;
}

static void release(pthread_mutex_t *m, unsigned int users)
{
	_Atomic uint32_t *word = word_of(m);

	zag_robust_begin(m);
	zag_robust_remove(m);
	m->__data.__owner =
		m->__data.__owner == INCONSISTENT ? NOT_RECOVERABLE : 0;
	m->__data.__nusers -= users;
	/* Still in between: were we to die now, the kernel would wake one. */
	if (zag_xchg(word, 0) & FUTEX_WAITERS)
		zag_sync_wake(word, 1, true);
	zag_robust_end();
}

int zag_sync_robust_unlock(pthread_mutex_t *m, unsigned int users)
{
	if (is_libcs(m))
		return ZAG_SYNC_REAL(pthread_mutex_unlock, m);
	if (zag_robust_holder(m) != zag_sync_tid())
		return EPERM;
	if (is_type(m, PTHREAD_MUTEX_RECURSIVE) && --m->__data.__count != 0)
		return 0;
	release(m, users);
	return 0;
}
