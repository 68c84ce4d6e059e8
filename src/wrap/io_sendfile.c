/* SPDX-License-Identifier: BSD-2-Clause */
/* sendfile: to a socket or a pipe in parts that do not block. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/io_splice.h"
#include "wrap/real.h"

/* Of a file that is not in the page cache, what is read from the disk in one
 * go; and what is sent of one that is. */
#define CHUNK (1024 * 1024L)

/* Whether the page cache has the file's bytes at both ends of a part. */
static bool is_cached(int fd, off_t off, long len)
{
	char byte;
	struct iovec v = { &byte, 1 };

	return zag_sys_nowait(SYS_preadv2, fd, &v, 1, off) != -EAGAIN &&
	       zag_sys_nowait(SYS_preadv2, fd, &v, 1, off + len - 1) != -EAGAIN;
}

/* Where the file is read: the offset given, or its position. */
static off_t position(int in, const off_t *off)
{
	return off ? *off : (off_t)zag_raw(SYS_lseek, in, 0, SEEK_CUR);
}

static long send_part(int out, int in, off_t *off, long len)
{
	if (is_cached(in, position(in, off), len))
		return zag_raw(SYS_sendfile, out, in, off, len);
	return zag_offload_raw(SYS_sendfile, out, in, off, len, 0, 0);
}

/* One part, when the socket has room for it. */
static long send_when_ready(struct zag_io *io, int in, off_t *off, size_t len)
{
	long r;

	while (!zag_io_events(io->fd, POLLOUT)) {
		r = zag_io_park(io) ?: zag_io_cut_off(io);
		if (r < 0)
			return r;
	}
	len = zag_min(len, (size_t)zag_min(zag_splice_room(io->fd), CHUNK));
	return send_part(io->fd, in, off, (long)len);
}

static long to_stream(int out, int in, off_t *off, size_t len)
{
	struct zag_io io ZAG_IO(out, ZAG_OUT);
	size_t done = 0;
	long r = 0;

	while (done < len) {
		if (done && zag_io_failed(io.fd))
			break; /* the error is the next call's */
		r = send_when_ready(&io, in, off, len - done);
		if (r <= 0)
			break;
		done += (size_t)r;
		io.partly = true;
	}
	return done ? (long)done : r;
}

/* As sendfile does it: one splice, of what the pipe has room for. */
static long to_pipe(int out, int in, off_t *off, size_t len)
{
	struct zag_io io ZAG_IO(out, ZAG_OUT);
	long r;

	for (;;) {
		r = zag_raw(SYS_splice, in, off, io.fd, NULL, len,
			    SPLICE_F_NONBLOCK);
		if (r != -EAGAIN)
			return r;
		r = zag_io_park(&io);
		if (r < 0)
			return r;
	}
}

static long zag_io_sendfile(int out, int in, off_t *off, size_t len)
{
	enum zag_fd_kind kind = zag_fd_kind(out);

	if (!len || zag_fd_kind(in) != ZAG_FD_FILE || zag_fd_nonblocking(out) ||
	    (off && !zag_sys_readable(off)))
		return zag_raw(SYS_sendfile, out, in, off, len);
	if (kind == ZAG_FD_STREAM)
		return to_stream(out, in, off, zag_min(len, ZAG_IO_MAX));
	if (kind == ZAG_FD_PIPE)
		return to_pipe(out, in, off, len);
	return zag_offload_raw(SYS_sendfile, out, in, off, len, 0, 0);
}

ZAG_EXPORT ssize_t sendfile(int out, int in, off_t *off, size_t len)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sendfile)(out, in, off, len);
	return ZAG_NO_POINT(zag_io_sendfile(out, in, off, len));
}

ZAG_ALIAS(sendfile64, sendfile);
