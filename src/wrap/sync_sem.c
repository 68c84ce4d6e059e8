/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sem_*: libc's format, so that sem_init, sem_open, sem_trywait and
 * sem_getvalue stay libc's, and other processes may wait or post natively.
 */

#include "config.h"

#include <semaphore.h>

#include "fiber/why.h"
#include "wrap/sync_common.h"

/* libc's new_sem where 64-bit atomics exist. */
struct sem {
	_Atomic uint64_t data; /* value, and above it the number of waiters */
	int shared;
};

#define ONE_WAITER (UINT64_C(1) << 32)

_Static_assert(sizeof(struct sem) <= sizeof(sem_t), "sem_t is smaller");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "value comes first");

static inline uint32_t value_of(uint64_t data)
{
	return (uint32_t)data;
}

static inline const _Atomic uint32_t *value_word(struct sem *s)
{
	return (const _Atomic uint32_t *)&s->data;
}

/* Take a token, and with it `also` off the data. */
static bool take(struct sem *s, uint64_t also)
{
	uint64_t d = zag_load_rlx(&s->data);

	while (value_of(d) > 0)
		if (zag_cas(&s->data, &d, d - 1 - also))
			return true;
	return false;
}

/* Also when a handler that runs in the wait leaves it for good. */
static void stop_waiting(struct sem **s)
{
	if (*s)
		zag_sub(&(*s)->data, ONE_WAITER);
}

/* 0, or -ETIMEDOUT, -EINTR, -ZAG_ECANCEL. */
static int wait_slow(struct sem *s, zag_time deadline)
{
	struct sem *waits __attribute__((cleanup(stop_waiting))) = s;

	zag_add(&s->data, ONE_WAITER);
	while (!take(s, ONE_WAITER)) {
		int err;

		zag_why_set(&zag_why_semaphore, (uintptr_t)s);
		err = zag_sync_wait_point(value_word(s), 0, deadline,
					  s->shared != 0);

		if (err && err != -EAGAIN)
			return err;
	}
	waits = NULL; /* with the token */
	return 0;
}

static int wait_until(sem_t *sem, const struct zag_sync_until *until)
{
	struct sem *s = (struct sem *)sem;

	if (until && !zag_sync_until_valid(until))
		return -EINVAL;
	if (take(s, 0))
		return 0;
	return wait_slow(s, zag_sync_deadline(until));
}

ZAG_EXPORT int sem_wait(sem_t *sem)
{
	return (int)ZAG_POINT(wait_until(sem, NULL));
}

ZAG_EXPORT int sem_timedwait(sem_t *sem, const struct timespec *abs)
{
	struct zag_sync_until until = { CLOCK_REALTIME, abs };

	return (int)ZAG_POINT(wait_until(sem, &until));
}

ZAG_EXPORT int sem_clockwait(sem_t *sem, clockid_t clock,
			     const struct timespec *abs)
{
	struct zag_sync_until until = { clock, abs };

	return (int)ZAG_POINT(wait_until(sem, &until));
}

/* Once the token is there the semaphore may be gone, but for its address. */
static int post(struct sem *s)
{
	bool shared = s->shared != 0;
	uint64_t d = zag_load_rlx(&s->data);

	do {
		if (value_of(d) == SEM_VALUE_MAX)
			return -EOVERFLOW;
	} while (!zag_cas(&s->data, &d, d + 1));
	if (d >= ONE_WAITER)
		zag_sync_wake(&s->data, 1, shared);
	return 0;
}

ZAG_EXPORT int sem_post(sem_t *sem)
{
	return (int)zag_ret(post((struct sem *)sem));
}
