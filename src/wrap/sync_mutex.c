/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_mutex_*: libc's format in libc's memory; only the waiting is ours.
 *
 * __lock is 0 free, 1 locked, 2 locked and perhaps waited for.  Robust
 * mutexes are wrap/sync_robust.c's.  Priority
 * inheritance is accepted and has no effect: fibers have no kernel priority,
 * and the kernel would look for an owner that it has never heard of.
 */

#include "config.h"

#include "wrap/libc.h"

#include "wrap/sync_mutex.h"

#include <sched.h>
#include <string.h>

#include "fiber/robust.h"
#include "fiber/why.h"
#include "sched/sched.h"
#include "wrap/sync_common.h"

/* Bits of __kind, as libc sets them. */
#define KIND_TYPE 0x003u
#define KIND_ROBUST 0x010u
#define KIND_INHERIT 0x020u
#define KIND_PROTECT 0x040u
#define KIND_SHARED 0x080u
#define KIND_ELISION 0x300u /* use it, do not use it: we never do */
#define KIND_OURS (KIND_TYPE | KIND_PROTECT | KIND_SHARED)

#define CEILING 0xfff80000u /* in libc's word */

#define SPIN_MOST 100 /* as libc's default glibc.pthread.mutex_spin_count */

ZAG_DECLARE_REAL(pthread_mutex_lock);
ZAG_DECLARE_REAL(pthread_mutex_trylock);
ZAG_DECLARE_REAL(pthread_mutex_clocklock);
ZAG_DECLARE_REAL(pthread_mutex_unlock);

static inline _Atomic uint32_t *lock_word(pthread_mutex_t *m)
{
	return (_Atomic uint32_t *)&m->__data.__lock;
}

static inline unsigned int kind_of(const pthread_mutex_t *m)
{
	return (unsigned int)m->__data.__kind & ~KIND_ELISION;
}

/* Where a priority ceiling is kept: libc has it in __lock, in the way. */
static inline void **ceiling_of(const pthread_mutex_t *m)
{
	return (void **)&m->__data.__list.__prev;
}

/*
 * One whose word is not ours: of another kind, or with a ceiling in it, from a
 * process without us.
 */
static inline bool is_others(pthread_mutex_t *m, unsigned int kind)
{
	return zag_unlikely(kind & ~KIND_OURS) ||
	       ((kind & KIND_PROTECT) &&
		(zag_load_rlx(lock_word(m)) & CEILING));
}

/* Like libc, no atomic operation as long as there is no second thread. */
static inline bool take_private(_Atomic uint32_t *word)
{
	uint32_t free = 0;

	if (!__libc_single_threaded)
		return zag_cas(word, &free, 1);
	if (zag_load_rlx(word) != 0)
		return false;
	zag_store_rlx(word, 1);
	return true;
}

static inline bool take(_Atomic uint32_t *word, unsigned int kind)
{
	uint32_t free = 0;

	return kind & KIND_SHARED ? zag_cas(word, &free, 1)
				  : take_private(word);
}

static inline _Atomic uint32_t *owner_of(const pthread_mutex_t *m)
{
	return (_Atomic uint32_t *)(uintptr_t)&m->__data.__owner;
}

/* Record the ownership of a mutex just taken. */
static inline int own_as(pthread_mutex_t *m, uint32_t tid)
{
	zag_store_rel(owner_of(m), tid);
	m->__data.__nusers++;
	return 0;
}

static int own(pthread_mutex_t *m)
{
	return own_as(m, zag_sync_tid());
}

/*
 * Wait for the word.  `until` is looked at only now: a lock that is free is
 * taken whatever the time says.  Signal handlers run meanwhile: a collector
 * may stop a thread wherever it is.
 */
static int wait_for(pthread_mutex_t *m, bool shared,
		    const struct zag_sync_until *until)
{
	_Atomic uint32_t *word = lock_word(m);
	zag_time deadline;

	if (until && !zag_sync_until_valid(until))
		return EINVAL;
	deadline = zag_sync_deadline(until);
	while (zag_xchg(word, 2) != 0) {
		zag_why_set(&zag_why_mutex, (uintptr_t)m);
		if (zag_sync_wait(word, 2, deadline, shared) == -ETIMEDOUT)
			return ETIMEDOUT;
	}
	return 0;
}

/* An adaptive mutex is expected to be held for a moment only. */
static bool spin_for(pthread_mutex_t *m, unsigned int kind)
{
	int most = zag_min(SPIN_MOST, m->__data.__spins * 2 + 10), n = 0;
	bool taken = false;

	while (n++ < most && !taken) {
		zag_pause();
		taken = zag_load_rlx(lock_word(m)) == 0 &&
			take(lock_word(m), kind);
	}
	m->__data.__spins += (short)((n - m->__data.__spins) / 8);
	return taken;
}

ZAG_NOINLINE static int lock_slow(pthread_mutex_t *m,
				  const struct zag_sync_until *until)
{
	int err = wait_for(m, false, until);

	return err ? err : own(m);
}

/* The types whose owner may not just lock them again. */
static inline bool knows_owner(unsigned int kind)
{
	unsigned int type = kind & KIND_TYPE;

	return type == PTHREAD_MUTEX_RECURSIVE ||
	       type == PTHREAD_MUTEX_ERRORCHECK;
}

/*
 * Of a mutex that other processes see, where libc has a link that only robust
 * mutexes use: which fiber of which process the owner is, if it is one.  Stored
 * before libc's owner and loaded after it, both in order: then nobody but the
 * owner finds himself in both.
 */
static inline _Atomic uint64_t *global_owner(const pthread_mutex_t *m)
{
	_Static_assert(sizeof(m->__data.__list.__next) == 8,
		       "no room for the owner");
	return (_Atomic uint64_t *)(uintptr_t)&m->__data.__list.__next;
}

static inline bool is_owner(const pthread_mutex_t *m, unsigned int kind,
			    uint32_t tid)
{
	if (zag_load_acq(owner_of(m)) != tid)
		return false;
	return !(kind & KIND_SHARED) || !zag_on_fiber() ||
	       zag_load_rlx(global_owner(m)) == zag_sync_global_tid();
}

/* The owner locks it again. */
static int lock_again(pthread_mutex_t *m, unsigned int kind)
{
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ERRORCHECK)
		return EDEADLK;
	if (m->__data.__count == UINT_MAX)
		return EAGAIN;
	m->__data.__count++;
	return 0;
}

/* The word is ours: the rest of what libc keeps. */
static inline int locked(pthread_mutex_t *m, unsigned int kind, uint32_t tid)
{
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE)
		m->__data.__count = 1;
	if (kind & KIND_SHARED)
		zag_store_rlx(global_owner(m),
			      zag_on_fiber() ? zag_sync_global_tid() : 0);
	return own_as(m, tid);
}

static int acquire_slow(pthread_mutex_t *m, unsigned int kind,
			const struct zag_sync_until *until)
{
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_ADAPTIVE_NP &&
	    spin_for(m, kind))
		return 0;
	return wait_for(m, kind & KIND_SHARED, until);
}

/*
 * Robust, or of another process that has given it priority inheritance: then
 * the kernel is to know the owner, and it knows no fiber.
 */
static bool is_robust(unsigned int kind)
{
	return (kind & KIND_ROBUST) && !(kind & KIND_INHERIT);
}

static int lock_other(pthread_mutex_t *m, unsigned int kind,
		      const struct zag_sync_until *until)
{
	if (is_robust(kind))
		return zag_sync_robust_lock(m, until);
	if (zag_on_fiber())
		return ENOTSUP;
	if (!until)
		return ZAG_SYNC_REAL(pthread_mutex_lock, m);
	return ZAG_SYNC_REAL(pthread_mutex_clocklock, m, until->clock,
			     until->abs);
}

static int trylock_other(pthread_mutex_t *m, unsigned int kind)
{
	if (is_robust(kind))
		return zag_sync_robust_trylock(m);
	return zag_on_fiber() ? ENOTSUP :
				ZAG_SYNC_REAL(pthread_mutex_trylock, m);
}

static int unlock_other(pthread_mutex_t *m, unsigned int kind,
			unsigned int users)
{
	if (is_robust(kind))
		return zag_sync_robust_unlock(m, users);
	return ZAG_SYNC_REAL(pthread_mutex_unlock, m);
}

ZAG_NOINLINE static int lock_kind(pthread_mutex_t *m,
				  const struct zag_sync_until *until)
{
	unsigned int kind = kind_of(m);
	uint32_t tid = zag_sync_tid();
	int err;

	if (is_others(m, kind))
		return lock_other(m, kind, until);
	if (knows_owner(kind) && is_owner(m, kind, tid))
		return lock_again(m, kind);
	if (zag_unlikely(!take(lock_word(m), kind))) {
		err = acquire_slow(m, kind, until);
		if (err)
			return err;
	}
	return locked(m, kind, tid);
}

ZAG_EXPORT ZAG_ALIGNED(64) int pthread_mutex_lock(pthread_mutex_t *m)
{
	int tid_offset = zag_tcb_tid_offset;

	/* Without an offset, asking the kernel is left to the slow path. */
	if (zag_unlikely(kind_of(m) != PTHREAD_MUTEX_NORMAL || !tid_offset))
		return lock_kind(m, NULL);
	if (zag_unlikely(!take_private(lock_word(m))))
		return lock_slow(m, NULL);
	return own_as(m, ZAG_TCB_AT(zag_arch_tp(), tid_offset, uint32_t));
}

ZAG_ALIAS(__pthread_mutex_lock, pthread_mutex_lock);

ZAG_EXPORT int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock,
				       const struct timespec *abs)
{
	struct zag_sync_until until = { clock, abs };

	if (!zag_sync_clock_valid(clock))
		return EINVAL;
	return lock_kind(m, &until);
}

ZAG_EXPORT int pthread_mutex_timedlock(pthread_mutex_t *m,
				       const struct timespec *abs)
{
	struct zag_sync_until until = { CLOCK_REALTIME, abs };

	return lock_kind(m, &until);
}

static int trylock_kind(pthread_mutex_t *m)
{
	unsigned int kind = kind_of(m);
	uint32_t tid = zag_sync_tid();

	if (is_others(m, kind))
		return trylock_other(m, kind);
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE &&
	    is_owner(m, kind, tid))
		return lock_again(m, kind);
	if (!take(lock_word(m), kind))
		return EBUSY;
	return locked(m, kind, tid);
}

ZAG_EXPORT int pthread_mutex_trylock(pthread_mutex_t *m)
{
	if (zag_unlikely(kind_of(m) != PTHREAD_MUTEX_NORMAL))
		return trylock_kind(m);
	if (zag_unlikely(!take_private(lock_word(m))))
		return EBUSY;
	return own(m);
}

ZAG_ALIAS(__pthread_mutex_trylock, pthread_mutex_trylock);

ZAG_NOINLINE static int wake_one(_Atomic uint32_t *word, bool shared)
{
	zag_sync_wake(word, 1, shared);
	return 0;
}

/* The mutex may be freed as soon as it is released: only its address is used
 * from there on. */
static inline int release(_Atomic uint32_t *word, bool shared)
{
	if (!shared && __libc_single_threaded)
		zag_store_rlx(word, 0);
	else if (zag_unlikely(zag_xchg(word, 0) == 2))
		return wake_one(word, shared);
	return 0;
}

static inline int disown(pthread_mutex_t *m, unsigned int users, bool shared)
{
	m->__data.__owner = 0;
	m->__data.__nusers -= users;
	return release(lock_word(m), shared);
}

/* `users`: how many fewer use the mutex from now on. */
ZAG_NOINLINE static int unlock_kind(pthread_mutex_t *m, unsigned int users)
{
	unsigned int kind = kind_of(m);

	if (is_others(m, kind))
		return unlock_other(m, kind, users);
	if (knows_owner(kind) && !is_owner(m, kind, zag_sync_tid()))
		return EPERM;
	if ((kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE &&
	    --m->__data.__count != 0)
		return 0;
	return disown(m, users, kind & KIND_SHARED);
}

ZAG_EXPORT ZAG_ALIGNED(64) int pthread_mutex_unlock(pthread_mutex_t *m)
{
	int err;

	if (zag_unlikely(kind_of(m) != PTHREAD_MUTEX_NORMAL))
		err = unlock_kind(m, 1);
	else
		err = disown(m, 1, false);
	zag_sched_breathe();
	return err;
}

ZAG_ALIAS(__pthread_mutex_unlock, pthread_mutex_unlock);

/* Wait forms: wrap/sync_cond.c. */

int zag_sync_mutex_check_owner(const pthread_mutex_t *m)
{
	unsigned int kind = kind_of(m);

	if (kind & KIND_ROBUST)
		return zag_sync_robust_held(m) ? 0 : EPERM;
	if (!knows_owner(kind) || is_owner(m, kind, zag_sync_tid()))
		return 0;
	return EPERM;
}

void zag_sync_mutex_unlock_to_wait(pthread_mutex_t *m)
{
	if (zag_unlikely(kind_of(m) != PTHREAD_MUTEX_NORMAL))
		unlock_kind(m, 0);
	else
		disown(m, 0, false);
}

/* The user that did not go when it was unlocked is counted again. */
int zag_sync_mutex_relock(pthread_mutex_t *m)
{
	int err = lock_kind(m, NULL);

	if (!err || err == EOWNERDEAD)
		m->__data.__nusers--;
	return err;
}

/*
 * Made by us rather than by libc for the two priority protocols: inheritance
 * is dropped, and a ceiling moves out of __lock.
 */
static int set_protocol(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	int protocol, robust, ceiling;

	pthread_mutexattr_getprotocol(attr, &protocol);
	if (protocol != PTHREAD_PRIO_PROTECT)
		return 0;
	pthread_mutexattr_getrobust(attr, &robust);
	if (robust == PTHREAD_MUTEX_ROBUST)
		return ENOTSUP;
	pthread_mutexattr_getprioceiling(attr, &ceiling);
	m->__data.__kind |= KIND_PROTECT;
	*ceiling_of(m) = (void *)(intptr_t)ceiling;
	return 0;
}

ZAG_EXPORT int pthread_mutex_init(pthread_mutex_t *m,
				  const pthread_mutexattr_t *attr)
{
	int kind, shared, robust;

	memset(m, 0, sizeof(*m));
	if (!attr)
		return 0;
	pthread_mutexattr_gettype(attr, &kind);
	pthread_mutexattr_getpshared(attr, &shared);
	pthread_mutexattr_getrobust(attr, &robust);
	/* The kernel wakes robust mutexes as shared ones. */
	if (robust == PTHREAD_MUTEX_ROBUST)
		kind |= KIND_ROBUST | KIND_SHARED;
	if (shared == PTHREAD_PROCESS_SHARED)
		kind |= KIND_SHARED;
	m->__data.__kind = kind;
	return set_protocol(m, attr);
}

ZAG_ALIAS(__pthread_mutex_init, pthread_mutex_init);

ZAG_EXPORT int pthread_mutex_getprioceiling(const pthread_mutex_t *m,
					    int *ceiling)
{
	if (!(kind_of(m) & KIND_PROTECT))
		return EINVAL;
	*ceiling = (int)(intptr_t)*ceiling_of(m);
	return 0;
}

ZAG_EXPORT int pthread_mutex_setprioceiling(pthread_mutex_t *m, int ceiling,
					    int *old)
{
	int err;

	if (!(kind_of(m) & KIND_PROTECT) ||
	    ceiling < sched_get_priority_min(SCHED_FIFO) ||
	    ceiling > sched_get_priority_max(SCHED_FIFO))
		return EINVAL;
	err = lock_kind(m, NULL);
	if (err)
		return err;
	*old = (int)(intptr_t)*ceiling_of(m);
	*ceiling_of(m) = (void *)(intptr_t)ceiling;
	return unlock_kind(m, 1);
}
