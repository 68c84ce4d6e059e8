/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep, usleep, nanosleep, clock_nanosleep, thrd_sleep. */
#include "wrap/libc.h"

#include "sched/cputime.h"
#include "sched/sched.h"
#include "wait/wait.h"
#include "wrap/io_core.h"
#include "wrap/real.h"
#include "wrap/time_clock.h"

static bool is_valid(const struct timespec *t)
{
	return zag_timespec_valid(t) && t->tv_sec >= 0;
}

static void set_rest(struct timespec *rem, zag_time deadline)
{
	zag_time left = zag_max(deadline - zag_now(), 0);

	rem->tv_sec = left / ZAG_NSEC;
	rem->tv_nsec = left % ZAG_NSEC;
}

/* As clock_nanosleep of CLOCK_MONOTONIC, relative. */
static long zag_time_sleep(const struct timespec *t, struct timespec *rem)
{
	zag_time deadline;
	long r;

	if (!is_valid(t))
		return -EINVAL;
	if (!t->tv_sec && !t->tv_nsec) {
		zag_yield();
		return 0;
	}
	deadline = zag_deadline_rel(t);
	r = zag_sleep_until(deadline);
	if (r < 0 && rem)
		set_rest(rem, deadline);
	return r;
}

/* Clocks that run as CLOCK_MONOTONIC does, but for an offset. */
static bool is_wall_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC ||
	       clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

static zag_time deadline_at(clockid_t clock, const struct timespec *t)
{
	struct timespec now, ahead;

	if (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC)
		return zag_deadline_wall(clock, t);
	clock_gettime(clock, &now);
	ahead.tv_sec = t->tv_sec - now.tv_sec;
	ahead.tv_nsec = t->tv_nsec - now.tv_nsec;
	if (ahead.tv_nsec < 0) {
		ahead.tv_sec--;
		ahead.tv_nsec += ZAG_NSEC;
	}
	return ahead.tv_sec < 0 ? 0 : zag_deadline_rel(&ahead);
}

/* Until f has used so much CPU time.  It runs no faster than other clocks. */
static long sleep_cputime(struct zag_fiber *f, int flags,
			  const struct timespec *t)
{
	int64_t end, left;
	long r;

	if (!is_valid(t))
		return -EINVAL;
	if (f == zag_fiber_self())
		return -EINVAL; /* it would not run while asleep */
	end = (int64_t)t->tv_sec * ZAG_NSEC + t->tv_nsec;
	if (!(flags & TIMER_ABSTIME))
		end += zag_cputime(f);
	while ((left = end - zag_cputime(f)) > 0) {
		r = zag_sleep_until(zag_now() + left);
		if (r)
			return r;
	}
	return 0;
}

static long zag_time_clock_sleep(clockid_t clock, int flags,
				 const struct timespec *t,
				 struct timespec *rem)
{
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL; /* it would not run while asleep */
	if (!zag_sys_readable(t))
		return -EFAULT;
	if (zag_time_fiber_of(clock))
		return sleep_cputime(zag_time_fiber_of(clock), flags, t);
	if (!is_wall_clock(clock)) /* CPU time of others, alarms, errors */
		return zag_block_raw(false, SYS_clock_nanosleep, clock, flags,
				     t, rem, 0, 0);
	if (!(flags & TIMER_ABSTIME))
		return zag_time_sleep(t, rem);
	if (!is_valid(t))
		return -EINVAL;
	return zag_sleep_until(deadline_at(clock, t));
}

ZAG_EXPORT int clock_nanosleep(clockid_t clock, int flags,
			       const struct timespec *t, struct timespec *rem)
{
	if (!zag_on_fiber())
		return ZAG_REAL(clock_nanosleep)(clock, flags, t, rem);
	return (int)-ZAG_POINT_VALUE(
		zag_time_clock_sleep(clock, flags, t, rem));
}

ZAG_EXPORT int nanosleep(const struct timespec *t, struct timespec *rem)
{
	if (!zag_on_fiber())
		return ZAG_REAL(nanosleep)(t, rem);
	return (int)ZAG_POINT(
		zag_time_clock_sleep(CLOCK_REALTIME, 0, t, rem));
}

ZAG_ALIAS(__nanosleep, nanosleep);

ZAG_EXPORT unsigned int sleep(unsigned int seconds)
{
	struct timespec t = { seconds, 0 };

	if (!zag_on_fiber())
		return ZAG_REAL(sleep)(seconds);
	/* Whole seconds that are left, as glibc counts them. */
	return ZAG_POINT_VALUE(zag_time_sleep(&t, &t)) ? (unsigned int)t.tv_sec
						       : 0;
}

ZAG_EXPORT int usleep(useconds_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	if (!zag_on_fiber())
		return ZAG_REAL(usleep)(us);
	return (int)ZAG_POINT(zag_time_sleep(&t, NULL));
}

ZAG_EXPORT int thrd_sleep(const struct timespec *t, struct timespec *rem)
{
	long r;

	if (!zag_on_fiber())
		return ZAG_REAL(thrd_sleep)(t, rem);
	r = ZAG_POINT_VALUE(zag_time_clock_sleep(CLOCK_REALTIME, 0, t, rem));
	return r == -EINTR ? -1 : r < 0 ? -2 : 0;
}
