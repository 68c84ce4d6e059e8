/* SPDX-License-Identifier: BSD-2-Clause */
/* read, readv, pread, preadv, preadv2. */
#include "wrap/libc.h"

#include <sys/sysmacros.h>

#include "wrap/fd_tty.h"
#include "wrap/io_core.h"
#include "wrap/io_file.h"
#include "wrap/real.h"

/*
 * A terminal that poll(2) calls not ready may yet have something to say to a
 * read: SIGTTIN to a background process; what there is after VTIME, or as soon
 * as it is what the read asks for, though less than VMIN.
 */
static bool terminal_answers(int fd)
{
	struct zag_ktermios {
		tcflag_t iflag, oflag, cflag, lflag;
		cc_t line, cc[32];
	} t;

	if (zag_raw(SYS_ioctl, fd, TCGETS, &t) < 0)
		return false;
	return (!(t.lflag & ICANON) && t.cc[VMIN] != 1) ||
	       zag_tty_in_background(fd);
}

static long read_terminal(int fd, const struct iovec *v, int n)
{
	return zag_tty_call(ZAG_SYSCALL(SYS_readv, fd, v, n, 0, 0, 0), true);
}

/*
 * A FIFO that nobody has open for writing is at its end; poll(2) says so only
 * where somebody has had it since.  A pipe can be read from by vmsplice(2),
 * which can be told not to wait; but to one that is open for both, that writes.
 */
static long read_fifo(int fd, const struct iovec *v, int n)
{
	long fl = zag_raw(SYS_fcntl, fd, F_GETFL, 0);
	long r = -EAGAIN;

	if (fl >= 0 && (fl & O_ACCMODE) == O_RDONLY)
		r = zag_raw(SYS_vmsplice, fd, v, n, SPLICE_F_NONBLOCK);
	return r < 0 ? -EAGAIN : r;
}

/* What is not ready, as it seems, when a read of it begins: its result, -EAGAIN
 * where it is to wait. */
static long read_at_once(int fd, const struct iovec *v, int n)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);

	if (kind == ZAG_FD_PIPE)
		return read_fifo(fd, v, n);
	if (kind == ZAG_FD_TERMINAL && terminal_answers(fd))
		return read_terminal(fd, v, n);
	return -EAGAIN;
}

/* A pty that nobody has the master of any more: who was waiting is told by an
 * error, and only who comes later by the end of the file. */
static bool has_no_master(int fd)
{
	struct stat st;

	return (zag_io_events(fd, 0) & POLLERR) &&
	       !zag_raw(SYS_fstat, fd, &st) && major(st.st_rdev) >= 136 &&
	       major(st.st_rdev) <= 143;
}

static long read_waited_for(const struct zag_io *io, const struct iovec *v,
			    int n)
{
	long r = read_terminal(io->fd, v, n);

	return r == 0 && io->woken && has_no_master(io->fd) ? -EIO : r;
}

/* What cannot be asked not to block: FIFOs, terminals, inotify, FUSE. */
static long read_polled(struct zag_io *io, const struct iovec *v, int n)
{
	bool first = true;
	long r;

	while (!zag_io_events(io->fd, POLLIN)) {
		if (zag_fd_nonblocking(io->fd) || zag_io_wrong_end(io))
			break;
		r = first ? read_at_once(io->fd, v, n) : -EAGAIN;
		if (r != -EAGAIN)
			return r;
		first = false;
		r = zag_io_park(io);
		if (r < 0)
			return r;
	}
	if (zag_fd_kind(io->fd) == ZAG_FD_TERMINAL)
		return read_waited_for(io, v, n);
	return zag_stand_raw(true, SYS_readv, io->fd, v, n, 0, 0, 0);
}

/* Apart, to keep the frames of parked fibers small. */
ZAG_NOINLINE static long read_there(const struct zag_io *io,
				    const struct iovec *v, int n)
{
	return zag_block_raw(zag_io_restarts(io), SYS_readv, io->fd, v, n, 0, 0,
			     0);
}

/* Pipes, sockets of all kinds, eventfd, timerfd, signalfd. */
static long read_ready(int fd, const struct iovec *v, int n)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	long r;

	for (;;) {
		r = zag_sys_nowait(SYS_preadv2, io.fd, v, n, -1);
		if (r == -EOPNOTSUPP)
			return read_polled(&io, v, n);
		if (r != -EAGAIN)
			return r;
		if (zag_io_misled(&io))
			return read_there(&io, v, n);
		r = zag_io_park(&io);
		if (r < 0)
			return r;
	}
}

long zag_io_read(int fd, void *buf, size_t len)
{
	struct iovec v = { buf, len };
	enum zag_fd_kind kind = zag_fd_kind(fd);
	long r;

	if (!len) /* checks the descriptor, and returns */
		return zag_raw(SYS_read, fd, buf, len);
	if (kind == ZAG_FD_STREAM) {
		r = zag_io_failed_stream(kind) ?:
			    zag_io_recv_stream(fd, buf, len, 0);
		if (r != -ENOTSOCK)
			return r;
		kind = zag_fd_kind_again(fd);
	}
	if (kind == ZAG_FD_FILE)
		return zag_file_read(fd, &v, 1, -1);
	return read_ready(fd, &v, 1);
}

static long readv_stream(int fd, const struct iovec *v, int n)
{
	struct msghdr m = { .msg_iov = (void *)v, .msg_iovlen = (size_t)n };

	return zag_io_recvmsg(fd, &m, 0);
}

long zag_io_readv(int fd, const struct iovec *v, int n)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);

	if (zag_io_failed_stream(kind))
		return -ZAG_ECANCEL;
	if (kind == ZAG_FD_FILE)
		return zag_file_read(fd, v, n, -1);
	if (kind == ZAG_FD_STREAM && zag_io_lowat_used && n > 0 && n <= 1024)
		return readv_stream(fd, v, n);
	return read_ready(fd, v, n);
}

static long zag_io_preadv(int fd, const struct iovec *v, int n, off_t off)
{
	/* -1 is an error here, and the position to preadv2. */
	if (off < 0 || zag_fd_kind(fd) != ZAG_FD_FILE)
		return zag_raw(SYS_preadv, fd, v, n, off, 0);
	return zag_file_read(fd, v, n, off);
}

static long zag_io_preadv2(int fd, const struct iovec *v, int n, off_t off,
			   int flags)
{
	if (flags)
		return (flags & RWF_NOWAIT) || off < -1
			       ? zag_raw(SYS_preadv2, fd, v, n, off, 0, flags)
			       : zag_file_call(SYS_preadv2, fd, v, n, off,
					       flags);
	if (off == -1)
		return zag_io_readv(fd, v, n);
	return zag_io_preadv(fd, v, n, off);
}

static long zag_io_pread(int fd, void *buf, size_t len, off_t off)
{
	struct iovec v = { buf, len };

	if (!len || off < 0 || zag_fd_kind(fd) != ZAG_FD_FILE)
		return zag_raw(SYS_pread64, fd, buf, len, off);
	return zag_file_read(fd, &v, 1, off);
}

ZAG_EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	if (!zag_on_fiber())
		return ZAG_REAL(read)(fd, buf, len);
	return ZAG_POINT(zag_io_read(fd, buf, len));
}

ZAG_ALIAS(__read, read);

ZAG_EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (len > size)
		__chk_fail();
	return read(fd, buf, len);
}

ZAG_EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
	if (!zag_on_fiber())
		return ZAG_REAL(readv)(fd, v, n);
	return ZAG_POINT(zag_io_readv(fd, v, n));
}

ZAG_EXPORT ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
	if (!zag_on_fiber())
		return ZAG_REAL(pread)(fd, buf, len, off);
	return ZAG_POINT(zag_io_pread(fd, buf, len, off));
}

ZAG_ALIAS(pread64, pread);
ZAG_ALIAS(__pread64, pread);

ZAG_EXPORT ssize_t __pread_chk(int fd, void *buf, size_t len, off_t off,
			       size_t size)
{
	if (len > size)
		__chk_fail();
	return pread(fd, buf, len, off);
}

ZAG_ALIAS(__pread64_chk, __pread_chk);

ZAG_EXPORT ssize_t preadv(int fd, const struct iovec *v, int n, off_t off)
{
	if (!zag_on_fiber())
		return ZAG_REAL(preadv)(fd, v, n, off);
	return ZAG_POINT(zag_io_preadv(fd, v, n, off));
}

ZAG_ALIAS(preadv64, preadv);

ZAG_EXPORT ssize_t preadv2(int fd, const struct iovec *v, int n, off_t off,
			   int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(preadv2)(fd, v, n, off, flags);
	return ZAG_POINT(zag_io_preadv2(fd, v, n, off, flags));
}

ZAG_ALIAS(preadv64v2, preadv2);
