/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_wait, epoll_pwait, epoll_pwait2: an epoll set is itself polled. */
#include "wrap/libc.h"

#include "fiber/why.h"
#include "wrap/io_core.h"
#include "wrap/io_poll.h"
#include "wrap/real.h"

static long look(int set, struct epoll_event *ev, int n)
{
	return zag_raw(SYS_epoll_pwait, set, ev, n, 0, NULL, 8);
}

/* Until there is an event; deadline 0: only look.  No wait is restarted.  Who
 * waits goes on with the set that he has, also when it is closed. */
static long wait_until(int set, struct epoll_event *ev, int n,
		       zag_time deadline)
{
	struct zag_io io ZAG_IO(set, ZAG_IN);
	bool last = deadline == 0;
	long r;
	int w;

	for (;;) {
		r = look(io.fd, ev, n);
		if (r || last)
			return r;
		zag_why_set(&zag_why_poll, 1);
		w = zag_io_wait(&io, deadline, false);
		if (w == -ETIMEDOUT)
			last = true;
		else if (w < 0)
			return w;
	}
}

/* With another signal mask for the wait, as ppoll has it; but who does not wait
 * lets no signal in. */
static long wait_masked(int set, struct epoll_event *ev, int n,
			zag_time deadline, const sigset_t *mask)
{
	sigset_t old;
	long r;

	if (!mask || !deadline)
		return wait_until(set, ev, n, deadline);
	r = look(set, ev, n);
	if (r)
		return r;
	r = zag_signal_mask_swap(mask, &old);
	if (r < 0)
		return r;
	r = wait_until(set, ev, n, deadline);
	zag_signal_mask_swap(&old, NULL);
	return r;
}

static zag_time after_ms(int ms)
{
	if (ms < 0)
		return ZAG_NEVER;
	return ms ? zag_now() + ms * (ZAG_NSEC / 1000) : 0;
}

static long zag_io_epoll_pwait2(int set, struct epoll_event *ev, int n,
				const struct timespec *timeout,
				const sigset_t *mask)
{
	zag_time deadline = ZAG_NEVER;

	if (timeout) {
		if (!zag_sys_readable(timeout))
			return -EFAULT;
		if (!zag_timespec_valid(timeout) || timeout->tv_sec < 0)
			return -EINVAL;
		deadline = timeout->tv_sec || timeout->tv_nsec
				   ? zag_deadline_rel(timeout)
				   : 0;
	}
	return wait_masked(set, ev, n, deadline, mask);
}

ZAG_EXPORT int epoll_wait(int set, struct epoll_event *ev, int n, int timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(epoll_wait)(set, ev, n, timeout);
	return (int)ZAG_POINT_IO(wait_until(set, ev, n, after_ms(timeout)));
}

ZAG_EXPORT int epoll_pwait(int set, struct epoll_event *ev, int n, int timeout,
			   const sigset_t *mask)
{
	if (!zag_on_fiber())
		return ZAG_REAL(epoll_pwait)(set, ev, n, timeout, mask);
	return (int)ZAG_POINT_IO(wait_masked(set, ev, n, after_ms(timeout), mask));
}

ZAG_EXPORT int epoll_pwait2(int set, struct epoll_event *ev, int n,
			    const struct timespec *timeout,
			    const sigset_t *mask)
{
	if (!zag_on_fiber())
		return ZAG_REAL(epoll_pwait2)(set, ev, n, timeout, mask);
	return (int)ZAG_POINT_IO(zag_io_epoll_pwait2(set, ev, n, timeout, mask));
}
