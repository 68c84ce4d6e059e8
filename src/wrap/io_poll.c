/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, ppoll. */
#include "wrap/io_poll.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

int zag_poll_wait(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	int r;

	if (!n) {
		r = zag_sleep_until(deadline);
		return r ? r : -ETIMEDOUT;
	}
	r = zag_fd_wait_many(fds, n, deadline);
	if (r == 0 || r == -ETIMEDOUT || r == -EINTR || r == -ZAG_ECANCEL)
		return r;
	/* No descriptor or no memory for that: look every 10 ms. */
	r = zag_sleep_until(zag_min(deadline, zag_now() + ZAG_NSEC / 100));
	return r ? r : deadline <= zag_now() ? -ETIMEDOUT : 0;
}

/* After a look that found nothing. */
static long poll_until(struct pollfd *fds, nfds_t n, zag_time deadline)
{
	long r;
	int w;

	do {
		w = zag_poll_wait(fds, n, deadline);
		if (w < 0 && w != -ETIMEDOUT)
			return w;
		r = zag_sys_look(fds, n);
	} while (!r && w != -ETIMEDOUT);
	return r;
}

static long zag_io_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	long r = zag_sys_look(fds, n);

	if (r || !timeout)
		return r;
	return poll_until(fds, n,
			  timeout < 0 ? ZAG_NEVER :
					zag_now() + timeout * (ZAG_NSEC / 1000));
}

static long zag_io_ppoll(struct pollfd *fds, nfds_t n,
			 const struct timespec *timeout, const sigset_t *mask)
{
	zag_time deadline;
	sigset_t old;
	long r;

	if (timeout && (!zag_timespec_valid(timeout) || timeout->tv_sec < 0))
		return -EINVAL;
	r = zag_sys_look(fds, n);
	if (r) /* then no signal is let in */
		return r;
	if (timeout && !timeout->tv_sec && !timeout->tv_nsec && !mask)
		return 0;
	deadline = timeout ? zag_deadline_rel(timeout) : ZAG_NEVER;
	if (!mask)
		return poll_until(fds, n, deadline);
	r = zag_signal_mask_swap(mask, &old);
	if (r < 0)
		return r;
	/* Even with no time: what the mask lets in interrupts. */
	r = poll_until(fds, n, deadline);
	zag_signal_mask_swap(&old, NULL);
	return r;
}

ZAG_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(poll)(fds, n, timeout);
	return (int)ZAG_POINT_IO(zag_io_poll(fds, n, timeout));
}

ZAG_ALIAS(__poll, poll);

ZAG_EXPORT int ppoll(struct pollfd *fds, nfds_t n,
		     const struct timespec *timeout, const sigset_t *mask)
{
	if (!zag_on_fiber())
		return ZAG_REAL(ppoll)(fds, n, timeout, mask);
	return (int)ZAG_POINT_IO(zag_io_ppoll(fds, n, timeout, mask));
}

ZAG_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout,
			  size_t size)
{
	if (size / sizeof(*fds) < n)
		__chk_fail();
	return poll(fds, n, timeout);
}

ZAG_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n,
			   const struct timespec *timeout,
			   const sigset_t *mask, size_t size)
{
	if (size / sizeof(*fds) < n)
		__chk_fail();
	return ppoll(fds, n, timeout, mask);
}
