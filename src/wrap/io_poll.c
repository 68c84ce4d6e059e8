/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, ppoll. */
#include "wrap/io_poll.h"

#include "base/page.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

/* What the poller can wait for.  POLLRDHUP comes with POLLIN. */
enum {
	PLAIN_IN = POLLIN | POLLRDNORM,
	PLAIN_OUT = POLLOUT | POLLWRNORM,
};

/* Pollfds kept on the stack: 512 bytes of it. */
enum { FEW = 64 };

/* Urgent data, hang-up alone: no event of the poller, but epoll's. */
static bool is_plain(const struct pollfd *p)
{
	if (p->fd < 0)
		return true;
	if (p->events & ~(PLAIN_IN | PLAIN_OUT | POLLRDHUP | POLLERR |
			  POLLHUP | POLLNVAL))
		return false;
	if ((p->events & POLLRDHUP) && !(p->events & PLAIN_IN))
		return false;
	return p->events & (PLAIN_IN | PLAIN_OUT);
}

static bool all_plain(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (!is_plain(&fds[i]))
			return false;
	return true;
}

/*
 * An epoll descriptor is readable when one of its members has what it asks
 * for, so the poller can wait for it in place of all that it cannot.
 */
static long gather(int set, const struct pollfd *fds, nfds_t n,
		   struct pollfd *out)
{
	long r;

	for (nfds_t i = 0; i < n; i++) {
		/* The bits of poll(2) and epoll(7) are the same. */
		struct epoll_event e = { .events = (uint16_t)fds[i].events };

		out[i] = fds[i];
		if (is_plain(&fds[i]))
			continue;
		out[i].fd = -1;
		r = zag_raw(SYS_epoll_ctl, set, EPOLL_CTL_ADD, fds[i].fd, &e);
		if (r == -EEXIST) /* listed twice */
			continue;
		if (r < 0 && r != -EPERM) /* EPERM: a file, never urgent */
			return r;
	}
	out[n] = (struct pollfd){ .fd = set, .events = POLLIN };
	return 0;
}

static int wait_gathered(const struct pollfd *fds, nfds_t n,
			 struct pollfd *out, zag_time deadline)
{
	long set = zag_raw(SYS_epoll_create1, EPOLL_CLOEXEC);
	long r;

	if (set < 0)
		return (int)set;
	r = gather((int)set, fds, n, out);
	if (r == 0)
		r = zag_fd_wait_many(out, n + 1, deadline);
	zag_fd_forget((int)set);
	zag_raw(SYS_close, set);
	return (int)r;
}

static int wait_special(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	size_t size = (n + 1) * sizeof(*fds);
	struct pollfd *out;
	int r;

	if (n < FEW) {
		struct pollfd few[FEW];

		return wait_gathered(fds, n, few, deadline);
	}
	out = zag_page_alloc(size);
	if (!out)
		return -ENOMEM;
	r = wait_gathered(fds, n, out, deadline);
	zag_page_free(out, size);
	return r;
}

int zag_poll_wait(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	int r;

	if (!n) {
		r = zag_sleep_until(deadline);
		return r ? r : -ETIMEDOUT;
	}
	if (all_plain(fds, n))
		return zag_fd_wait_many(fds, n, deadline);
	r = wait_special(fds, n, deadline);
	if (r == 0 || r == -ETIMEDOUT || r == -EINTR)
		return r;
	/* No descriptor or no memory for that: look every 10 ms. */
	r = zag_sleep_until(zag_min(deadline, zag_now() + ZAG_NSEC / 100));
	return r ? r : deadline <= zag_now() ? -ETIMEDOUT : 0;
}

/* Poll until something is there; deadline 0: only look. */
static long poll_until(struct pollfd *fds, nfds_t n, zag_time deadline)
{
	bool last = deadline == 0;
	long r;
	int w;

	for (;;) {
		r = zag_sys_poll(fds, n, 0);
		if (r || last)
			return r;
		w = zag_poll_wait(fds, n, deadline);
		if (w == -ETIMEDOUT)
			last = true;
		else if (w < 0)
			return w;
	}
}

static long zag_io_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	zag_time deadline = ZAG_NEVER;

	if (timeout >= 0)
		deadline = timeout ? zag_now() + timeout * (ZAG_NSEC / 1000)
				   : 0;
	return poll_until(fds, n, deadline);
}

static long zag_io_ppoll(struct pollfd *fds, nfds_t n,
			 const struct timespec *timeout, const sigset_t *mask)
{
	zag_time deadline = ZAG_NEVER;
	sigset_t old;
	long r;

	if (timeout) {
		if (!zag_timespec_valid(timeout) || timeout->tv_sec < 0)
			return -EINVAL;
		deadline = timeout->tv_sec || timeout->tv_nsec
				   ? zag_deadline_rel(timeout)
				   : 0;
	}
	if (!mask)
		return poll_until(fds, n, deadline);
	r = zag_signal_mask_swap(mask, &old);
	if (r < 0)
		return r;
	r = poll_until(fds, n, deadline);
	zag_signal_mask_swap(&old, NULL);
	return r;
}

ZAG_EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(poll)(fds, n, timeout);
	return (int)zag_ret(zag_io_poll(fds, n, timeout));
}

ZAG_ALIAS(__poll, poll);

ZAG_EXPORT int ppoll(struct pollfd *fds, nfds_t n,
		     const struct timespec *timeout, const sigset_t *mask)
{
	if (!zag_on_fiber() || (mask && !zag_signal_mask_swap))
		return ZAG_REAL(ppoll)(fds, n, timeout, mask);
	return (int)zag_ret(zag_io_ppoll(fds, n, timeout, mask));
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
