/* SPDX-License-Identifier: BSD-2-Clause */
/* splice, tee, vmsplice, copy_file_range. */
#include "wrap/io_splice.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/*
 * To a socket no flag of splice applies: what there is room for does not
 * block.  Sockets count their memory in pages and more, so half of it.
 */
long zag_splice_room(int fd)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);
	uint32_t used, all;

	if (zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_MEMINFO, mem, &len) < 0)
		return SPLICE_LEAST;
	used = zag_max(mem[SK_MEMINFO_WMEM_QUEUED],
		       mem[SK_MEMINFO_WMEM_ALLOC]);
	all = mem[SK_MEMINFO_SNDBUF];
	return zag_max((long)(all > used ? all - used : 0) / 2, SPLICE_LEAST);
}

static bool is_socket(int fd)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);

	return kind == ZAG_FD_STREAM || kind == ZAG_FD_SOCKET;
}

/* Wait until it is ready, if it is not: 0, or how the call ends. */
static long until_ready(struct zag_io *io)
{
	long r = 0;

	while (r == 0 &&
	       !zag_io_events(io->fd, io->dir == ZAG_IN ? POLLIN : POLLOUT))
		r = zag_io_park(io) ?:
			    io->dir == ZAG_OUT ? zag_io_cut_off(io) : 0;
	return r;
}

struct splice {
	struct zag_io *in, *out;
	off64_t *in_off, *out_off;
	size_t len;
	unsigned int flags;
	bool copies; /* tee */
};

static long splice_once(const struct splice *s, size_t len)
{
	unsigned int flags = s->flags | SPLICE_F_NONBLOCK;

	if (s->copies)
		return zag_raw(SYS_tee, s->in->fd, s->out->fd, len, flags);
	return zag_raw(SYS_splice, s->in->fd, s->in_off, s->out->fd,
		       s->out_off, len, flags);
}

/*
 * A socket must be ready before: it knows O_NONBLOCK only, and the program's
 * SPLICE_F_NONBLOCK is about the pipe.
 */
static long splice_step(const struct splice *s)
{
	size_t len = s->len;
	long r = 0;

	if (is_socket(s->in->fd))
		r = until_ready(s->in);
	if (r == 0 && is_socket(s->out->fd)) {
		if (!zag_io_events(s->in->fd, POLLIN))
			return -EAGAIN; /* the pipe is empty */
		r = until_ready(s->out);
		len = zag_min(len, (size_t)zag_splice_room(s->out->fd));
	}
	return r < 0 ? r : splice_once(s, len);
}

/* An error that is seen before anything waits. */
static bool is_wrong(const struct splice *s)
{
	enum zag_fd_kind in = zag_fd_kind(s->in->fd);
	enum zag_fd_kind out = zag_fd_kind(s->out->fd);

	return in == ZAG_FD_UNKNOWN || out == ZAG_FD_UNKNOWN || !s->len ||
	       (in != ZAG_FD_PIPE && out != ZAG_FD_PIPE);
}

static long splice_some(const struct splice *s)
{
	long r;

	if (is_wrong(s))
		return splice_once(s, s->len);
	for (;;) {
		r = splice_step(s);
		if (r != -EAGAIN || (s->flags & SPLICE_F_NONBLOCK))
			return r;
		/* One end would block: which? */
		r = zag_io_park(zag_io_events(s->in->fd, POLLIN) ? s->out :
								   s->in);
		if (r < 0)
			return r;
	}
}

/* To a socket a splice goes on while the pipe has something. */
static bool goes_on(const struct splice *s)
{
	int queued = 0;

	return s->len && is_socket(s->out->fd) &&
	       zag_raw(SYS_ioctl, s->in->fd, FIONREAD, &queued) >= 0 && queued;
}

static long zag_io_splice(int in, int out, struct splice *s)
{
	struct zag_io from ZAG_IO(in, ZAG_IN), to ZAG_IO(out, ZAG_OUT);
	long done = 0, r;

	s->in = &from;
	s->out = &to;
	do {
		r = splice_some(s);
		if (r <= 0)
			break;
		done += r;
		s->len -= (size_t)r;
		to.partly = true;
	} while (goes_on(s));
	return done ? done : r;
}

static long zag_io_vmsplice(int fd, const struct iovec *v, size_t n,
			    unsigned int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	long fl = zag_raw(SYS_fcntl, fd, F_GETFL);
	long r;

	if ((fl & O_ACCMODE) != O_RDONLY)
		io.dir = ZAG_OUT;
	for (;;) {
		r = zag_raw(SYS_vmsplice, io.fd, v, n, flags | SPLICE_F_NONBLOCK);
		if (r != -EAGAIN || (flags & SPLICE_F_NONBLOCK))
			return r;
		r = zag_io_park(&io);
		if (r < 0)
			return r;
	}
}

ZAG_EXPORT ssize_t splice(int in, off64_t *in_off, int out, off64_t *out_off,
			  size_t len, unsigned int flags)
{
	struct splice s = {
		.in_off = in_off,
		.out_off = out_off,
		.len = len,
		.flags = flags,
	};

	if (!zag_on_fiber())
		return ZAG_REAL(splice)(in, in_off, out, out_off, len, flags);
	return ZAG_POINT(zag_io_splice(in, out, &s));
}

ZAG_EXPORT ssize_t tee(int in, int out, size_t len, unsigned int flags)
{
	struct splice s = { .len = len, .flags = flags, .copies = true };

	if (!zag_on_fiber())
		return ZAG_REAL(tee)(in, out, len, flags);
	return ZAG_POINT(zag_io_splice(in, out, &s));
}

ZAG_EXPORT ssize_t vmsplice(int fd, const struct iovec *v, size_t n,
			    unsigned int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(vmsplice)(fd, v, n, flags);
	return ZAG_POINT(zag_io_vmsplice(fd, v, n, flags));
}

/* From file to file: as long as the disk needs. */
ZAG_EXPORT ssize_t copy_file_range(int in, off64_t *in_off, int out,
				   off64_t *out_off, size_t len,
				   unsigned int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(copy_file_range)(in, in_off, out, out_off, len,
						 flags);
	return ZAG_POINT(zag_offload_raw(SYS_copy_file_range, in, in_off, out,
				       out_off, len, flags));
}
