/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_join in its four forms, pthread_detach, pthread_exit. */
#include "config.h"

#include "wrap/real.h"

#include "fiber/tcb.h"
#include "wait/thread.h"

/* A cancellation point where it waits, as in glibc. */
static int join(struct zag_fiber *f, void **value, zag_time deadline)
{
	return (int)-zag_acted(-zag_thread_join(f, value, deadline));
}

ZAG_EXPORT int pthread_join(pthread_t t, void **value)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_join)(t, value);
	return join(f, value, ZAG_NEVER);
}

ZAG_EXPORT int pthread_tryjoin_np(pthread_t t, void **value)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_tryjoin_np)(t, value);
	return zag_thread_tryjoin(f, value);
}

static int join_by(struct zag_fiber *f, void **value, clockid_t clock,
		   const struct timespec *abs)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	if (!abs)
		return join(f, value, ZAG_NEVER);
	if (zag_thread_tryjoin(f, value) == 0)
		return 0;
	if (!zag_timespec_valid(abs))
		return EINVAL;
	return join(f, value, zag_deadline_wall(clock, abs));
}

ZAG_EXPORT int pthread_timedjoin_np(pthread_t t, void **value,
				    const struct timespec *abs)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_timedjoin_np)(t, value, abs);
	return join_by(f, value, CLOCK_REALTIME, abs);
}

ZAG_EXPORT int pthread_clockjoin_np(pthread_t t, void **value, clockid_t clock,
				    const struct timespec *abs)
{
	struct zag_fiber *f = zag_fiber_of(t);

	if (!f)
		return ZAG_REAL(pthread_clockjoin_np)(t, value, clock, abs);
	return join_by(f, value, clock, abs);
}

ZAG_EXPORT int pthread_detach(pthread_t t)
{
	struct zag_fiber *f = zag_fiber_of(t);

	return f ? zag_thread_detach(f) : ZAG_REAL(pthread_detach)(t);
}

/* libc unwinds to the fiber's first frame, or from main to
 * zag_arch_main_left: cleanup handlers and C++ destructors run on the way. */
ZAG_EXPORT void pthread_exit(void *value)
{
	struct zag_fiber *f = zag_fiber_self();

	if (f)
		f->result = value;
	if (f && f->is_main)
		zag_tcb_patch_main_unwind();
	ZAG_REAL(pthread_exit)(value);
	__builtin_unreachable();
}
