/* SPDX-License-Identifier: BSD-2-Clause */
/* Try, park, try again: the parts that all calls on descriptors share. */
#include "wrap/io_core.h"

#include "base/compiler.h"
#include "base/opt.h"
#include "base/ownfd.h"
#include "fiber/why.h"

void zag_io_leave(struct zag_io *io)
{
	if (zag_likely(!io->followed))
		return;
	zag_fd_forget(io->fd);
	zag_ownfd_close(io->fd);
}

/*
 * The operator's limit for each wait of a call for its peer.  A time-out that
 * the program has set for the socket counts instead; so does one of its own
 * around poll(2), which has no limit.
 */
static bool is_limited(const struct zag_io *io)
{
	return zag_unlikely(zag_opt.io_timeout != 0) && !io->idles &&
	       io->deadline == ZAG_NEVER &&
	       zag_fd_kind(io->fd) == ZAG_FD_STREAM;
}

int zag_io_wait(struct zag_io *io, zag_time deadline, bool restarts)
{
	int fd = io->fd;
	int r = zag_fd_wait_on(&fd, io->dir, deadline, restarts);

	if (fd != io->fd) {
		zag_io_leave(io);
		io->fd = fd;
		io->followed = true;
	}
	io->woken = r == 0;
	return r;
}

bool zag_io_seems_ready(const struct zag_io *io)
{
	return !zag_fd_nonblocking(io->fd) &&
	       zag_io_events(io->fd, io->dir == ZAG_IN ? POLLIN : POLLOUT);
}

long zag_io_park(struct zag_io *io)
{
	zag_time deadline;
	bool limited;
	int r;

	if (!io->timed) {
		if (zag_fd_nonblocking(io->fd))
			return -EAGAIN;
		io->deadline = zag_fd_io_deadline(io->fd, io->dir);
		io->timed = true;
	}
	deadline = io->deadline;
	limited = is_limited(io);
	if (limited)
		deadline = zag_now() + (zag_time)zag_opt.io_timeout;
	r = zag_io_wait(io, deadline, zag_io_restarts(io));
	return r == -ETIMEDOUT && !limited ? -EAGAIN : r;
}

/*
 * Even with no time to wait the kernel's poll says EINTR where a signal is on
 * its way: ours, too, which may be meant for a fiber that has moved on.
 */
long zag_sys_look(struct pollfd *fds, nfds_t n)
{
	long r;

	do {
#ifdef SYS_poll /* less to do than in ppoll */
		r = zag_raw(SYS_poll, fds, n, 0);
#else
		struct timespec now = { 0, 0 };

		r = zag_raw(SYS_ppoll, fds, n, &now, NULL, 8);
#endif
	} while (r == -EINTR);
	return r;
}

short zag_io_events(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	long r = zag_sys_look(&p, 1);

	/* Out of memory: whoever asks goes on to the call itself. */
	return r < 0 ? POLLNVAL : p.revents;
}

bool zag_io_wrong_end(const struct zag_io *io)
{
	long fl = zag_raw(SYS_fcntl, io->fd, F_GETFL, 0);

	return fl < 0 ||
	       (fl & O_ACCMODE) == (io->dir == ZAG_IN ? O_WRONLY : O_RDONLY);
}

bool zag_io_failed(int fd)
{
	return zag_io_events(fd, 0) & (POLLERR | POLLNVAL);
}

int zag_sys_socket_option(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, option, &value, &size);
	return value;
}

long zag_io_cut_off(const struct zag_io *io)
{
	int err;

	if (zag_fd_domain(io->fd) != AF_UNIX)
		return 0;
	/* Of no byte nothing is sent. */
	if (zag_raw(SYS_sendto, io->fd, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL,
		    NULL, 0) != -EPIPE)
		return 0;
	err = zag_sys_socket_option(io->fd, SO_ERROR);
	return err ? -err : -EPIPE;
}

bool zag_sys_readable(const void *p)
{
	/* Copies the mask, then finds that there is nothing to do with it. */
	enum { NO_SUCH_OPERATION = -1 };

	return zag_raw(SYS_rt_sigprocmask, NO_SUCH_OPERATION, p, NULL, 8) !=
	       -EFAULT;
}

size_t zag_iov_len(const struct iovec *v, size_t n)
{
	size_t len = 0;

	while (n--)
		len += v++->iov_len;
	return zag_min(len, ZAG_IO_MAX);
}

int zag_iov_rest(const struct iovec *v, size_t n, size_t skip, size_t limit,
		 struct iovec *out)
{
	int used = 0;

	for (; n && used < ZAG_IOV_PIECE && limit; v++, n--) {
		size_t len = v->iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		out[used].iov_base = (char *)v->iov_base + skip;
		out[used].iov_len = zag_min(len - skip, limit);
		limit -= out[used++].iov_len;
		skip = 0;
	}
	return used;
}

static long make_call(void *arg)
{
	const struct zag_syscall *c = arg;

	return zag_raw6(c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3],
			c->arg[4], c->arg[5]);
}

long zag_io_offload(const struct zag_syscall *call)
{
	zag_why_set(&zag_why_offload, (uintptr_t)call->arg[0]);
	return zag_offload((uint32_t)call->nr, make_call, (void *)call);
}

long zag_io_block(const struct zag_syscall *call, bool restarts)
{
	long r;

	if (zag_blocking_call(call, ZAG_NEVER, restarts, &r))
		return r;
	return zag_cancel_failed() ?: zag_standing_call(call, restarts, 0);
}
