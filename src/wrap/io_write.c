/* SPDX-License-Identifier: BSD-2-Clause */
/* write, writev, pwrite, pwritev, pwritev2. */
#include "wrap/libc.h"

#include <limits.h>

#include "wrap/fd_tty.h"
#include "wrap/io_core.h"
#include "wrap/io_file.h"
#include "wrap/real.h"

/* What cannot be asked not to block: FIFOs, terminals. */
static long wait_writable(struct zag_io *io)
{
	long r;

	while (!zag_io_events(io->fd, POLLOUT)) {
		if (zag_fd_nonblocking(io->fd) || zag_io_wrong_end(io))
			break;
		r = zag_io_park(io);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Readiness says that a FIFO takes PIPE_BUF bytes; more would block.  Of what is
 * no terminal either poll(2) may say only when it can be read (fanotify,
 * /dev/kmsg), and an eventfd may be ready, but not for so much; hardly any of
 * that ever waits.
 */
static long write_polled(struct zag_io *io, const struct iovec *v, int n)
{
	enum zag_fd_kind kind = zag_fd_kind(io->fd);
	struct iovec piece[ZAG_IOV_PIECE];
	long r = 0;

	if (kind == ZAG_FD_PIPE || kind == ZAG_FD_TERMINAL)
		r = wait_writable(io);
	if (r < 0)
		return r;
	if (kind == ZAG_FD_TERMINAL)
		return zag_tty_call(ZAG_SYSCALL(SYS_writev, io->fd, v, n, 0, 0,
						0), !io->partly);
	if (kind != ZAG_FD_PIPE || zag_fd_nonblocking(io->fd) ||
	    zag_iov_len(v, (size_t)n) <= PIPE_BUF)
		return zag_stand_raw(!io->partly, SYS_writev, io->fd, v, n, 0,
				     0, 0);
	n = zag_iov_rest(v, (size_t)n, 0, PIPE_BUF, piece);
	return zag_stand_raw(!io->partly, SYS_writev, io->fd, piece, n, 0, 0,
			     0);
}

/* Apart, to keep the frames of parked fibers small. */
ZAG_NOINLINE static long write_there(const struct zag_io *io,
				     const struct iovec *v, int n)
{
	return zag_block_raw(zag_io_restarts(io), SYS_writev, io->fd, v, n, 0,
			     0, 0);
}

/* Some of v: as much as there is room for, at least something. */
static long write_some(struct zag_io *io, const struct iovec *v, int n)
{
	long r;

	for (;;) {
		r = zag_sys_nowait(SYS_pwritev2, io->fd, v, n, -1);
		if (r == -EOPNOTSUPP)
			return write_polled(io, v, n);
		if (r != -EAGAIN)
			return r;
		if (zag_io_misled(io))
			return write_there(io, v, n);
		r = zag_io_park(io);
		if (r < 0)
			return r;
	}
}

/* A pipe takes all, in parts. */
static long write_pipe(int fd, const struct iovec *v, int n)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	struct iovec piece[ZAG_IOV_PIECE];
	size_t len, done;
	long r = write_some(&io, v, n);

	if (r <= 0)
		return r;
	io.partly = true;
	len = zag_iov_len(v, (size_t)n);
	for (done = (size_t)r; done < len; done += (size_t)r) {
		int k = zag_iov_rest(v, (size_t)n, done, len - done, piece);

		r = write_some(&io, piece, k);
		if (r < 0)
			break;
	}
	return (long)done;
}

static long writev_other(int fd, const struct iovec *v, int n,
			 enum zag_fd_kind kind)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);

	if (kind == ZAG_FD_PIPE)
		return write_pipe(fd, v, n);
	return write_some(&io, v, n);
}

long zag_io_write(int fd, const void *buf, size_t len)
{
	struct iovec v = { (void *)buf, len };
	enum zag_fd_kind kind = zag_fd_kind(fd);
	long r;

	if (kind == ZAG_FD_STREAM && len) {
		r = zag_io_failed_stream(kind) ?:
			    zag_io_send_stream(fd, buf, len, 0);
		if (r != -ENOTSOCK)
			return r;
		kind = zag_fd_kind_again(fd);
	}
	if (!len && kind == ZAG_FD_SOCKET) /* an empty datagram */
		return zag_io_sendto(fd, buf, 0, 0, NULL, 0);
	if (!len || kind == ZAG_FD_FILE)
		return zag_raw(SYS_write, fd, buf, len);
	return writev_other(fd, &v, 1, kind);
}

/* As sendmsg waits, if it is a socket indeed. */
ZAG_NOINLINE static long writev_waiting(int fd, const struct iovec *v, int n)
{
	struct msghdr m = { .msg_iov = (void *)v, .msg_iovlen = (size_t)n };
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	long r = zag_io_sendmsg(fd, &m, 0);

	return r == -ENOTSOCK ? write_some(&io, v, n) : r;
}

static long writev_stream(int fd, const struct iovec *v, int n)
{
	long r = zag_sys_nowait(SYS_pwritev2, fd, v, n, -1);

	if (r == -EAGAIN || r == -EOPNOTSUPP)
		return writev_waiting(fd, v, n);
	if (r <= 0)
		return r;
	return zag_io_send_rest(fd, v, (size_t)n, (size_t)r, 0);
}

long zag_io_writev(int fd, const struct iovec *v, int n)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);

	if (kind == ZAG_FD_FILE)
		return zag_raw(SYS_writev, fd, v, n);
	if (kind == ZAG_FD_STREAM)
		return zag_io_failed_stream(kind) ?: writev_stream(fd, v, n);
	return writev_other(fd, v, n, kind);
}

static long zag_io_pwritev2(int fd, const struct iovec *v, int n, off_t off,
			    int flags)
{
	if (flags & RWF_NOWAIT)
		return zag_raw(SYS_pwritev2, fd, v, n, off, 0, flags);
	if (off == -1 && !flags)
		return zag_io_writev(fd, v, n);
	return flags ? zag_file_call(SYS_pwritev2, fd, v, n, off, flags)
		     : zag_raw(SYS_pwritev2, fd, v, n, off, 0, 0);
}

ZAG_EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	if (!zag_on_fiber())
		return ZAG_REAL(write)(fd, buf, len);
	return ZAG_POINT(zag_io_write(fd, buf, len));
}

ZAG_ALIAS(__write, write);

ZAG_EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (!zag_on_fiber())
		return ZAG_REAL(writev)(fd, v, n);
	return ZAG_POINT(zag_io_writev(fd, v, n));
}

/* Files only: written to memory, and by the kernel to the disk later. */
ZAG_EXPORT ssize_t pwrite(int fd, const void *buf, size_t len, off_t off)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pwrite)(fd, buf, len, off);
	return ZAG_POINT(zag_raw(SYS_pwrite64, fd, buf, len, off));
}

ZAG_ALIAS(pwrite64, pwrite);
ZAG_ALIAS(__pwrite64, pwrite);

ZAG_EXPORT ssize_t pwritev(int fd, const struct iovec *v, int n, off_t off)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pwritev)(fd, v, n, off);
	return ZAG_POINT(zag_raw(SYS_pwritev, fd, v, n, off, 0));
}

ZAG_ALIAS(pwritev64, pwritev);

ZAG_EXPORT ssize_t pwritev2(int fd, const struct iovec *v, int n, off_t off,
			    int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pwritev2)(fd, v, n, off, flags);
	return ZAG_POINT(zag_io_pwritev2(fd, v, n, off, flags));
}

ZAG_ALIAS(pwritev64v2, pwritev2);
