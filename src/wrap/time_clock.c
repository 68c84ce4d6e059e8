/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU clocks: clock_gettime, clock_getres, pthread_getcpuclockid, getrusage. */
#include "wrap/libc.h"

#include "wrap/time_clock.h"

#include "base/raw.h"
#include "sched/cputime.h"
#include "sched/sched.h"
#include "wrap/real.h"

/* The kernel's way to name the CPU clock of a thread, of the caller if 0. */
enum { PER_THREAD = 4, SCHED = 2, KIND = 7 };

static clockid_t clock_of(uint32_t tid)
{
	return (clockid_t)(~tid << 3 | PER_THREAD | SCHED);
}

struct zag_fiber *zag_time_fiber_of(clockid_t clock)
{
	uint32_t tid;

	if (zag_likely(clock >= 0))
		return clock == CLOCK_THREAD_CPUTIME_ID ? zag_fiber_self() :
							  NULL;
	if (!(clock & PER_THREAD) || !zag_load_rlx(&zag_sched.running))
		return NULL;
	tid = (uint32_t)~(clock >> 3);
	return tid ? zag_fiber_by_tid(tid) : zag_fiber_self();
}

static void set_time(struct timespec *ts, int64_t ns)
{
	ts->tv_sec = ns / ZAG_NSEC;
	ts->tv_nsec = ns % ZAG_NSEC;
}

ZAG_EXPORT int clock_gettime(clockid_t clock, struct timespec *ts)
{
	struct zag_fiber *f = zag_time_fiber_of(clock);

	if (zag_likely(!f))
		return ZAG_REAL(clock_gettime)(clock, ts);
	set_time(ts, zag_cputime(f));
	return 0;
}

ZAG_EXPORT int clock_getres(clockid_t clock, struct timespec *res)
{
	if (!zag_time_fiber_of(clock))
		return ZAG_REAL(clock_getres)(clock, res);
	return ZAG_REAL(clock_getres)(CLOCK_THREAD_CPUTIME_ID, res);
}

ZAG_EXPORT int pthread_getcpuclockid(pthread_t t, clockid_t *clock)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_getcpuclockid)(t, clock);
	if (zag_load_acq(&f->state) == ZAG_FIBER_FREE ||
	    zag_load_acq(&f->state) == ZAG_FIBER_DONE)
		return ESRCH;
	*clock = clock_of(f->tid);
	return 0;
}

/* Of a thread, only the CPU time is its own: all as user time. */
ZAG_EXPORT int getrusage(__rusage_who_t who, struct rusage *ru)
{
	struct zag_fiber *f = zag_fiber_self();
	int64_t ns;
	int r = ZAG_REAL(getrusage)(who, ru);

	if (r < 0 || !f || (int)who != RUSAGE_THREAD)
		return r;
	ns = zag_cputime(f);
	ru->ru_utime.tv_sec = ns / ZAG_NSEC;
	ru->ru_utime.tv_usec = ns % ZAG_NSEC / 1000;
	ru->ru_stime = (struct timeval){ 0 };
	return 0;
}
