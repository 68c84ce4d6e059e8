/* SPDX-License-Identifier: BSD-2-Clause */
/* send, sendto, sendmsg, sendmmsg. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/*
 * EAGAIN of a datagram socket: 0 after a wait, 1 where readiness does not tell
 * (a Unix socket's peer has a full queue, and sendto names it), -errno.
 */
static long park_datagram(struct zag_io *io)
{
	if (!zag_fd_nonblocking(io->fd) &&
	    (zag_io_events(io->fd, POLLOUT) & POLLOUT))
		return 1;
	return zag_io_park(io);
}

static long send_datagram(int fd, const void *buf, size_t len, int flags,
			  const struct sockaddr *to, socklen_t tolen)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	long r;

	for (;;) {
		r = zag_raw(SYS_sendto, io.fd, buf, len, flags | MSG_DONTWAIT, to,
			    tolen);
		if (r != -EAGAIN)
			return r;
		r = park_datagram(&io);
		if (r > 0)
			return zag_block_raw(true, SYS_sendto, io.fd, buf, len,
					     flags, to, tolen);
		if (r < 0)
			return r;
	}
}

/*
 * After a part was sent, an error is the next call's: it must not raise
 * SIGPIPE, nor be taken from the socket.
 */
static long send_more(struct zag_io *io, struct msghdr *m, int flags)
{
	long r;

	do {
		r = zag_io_park(io);
		if (r < 0)
			return r;
		if (zag_io_failed(io->fd))
			return -EPIPE;
		r = zag_raw(SYS_sendmsg, io->fd, m,
			    flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (r == -EAGAIN);
	return r;
}

long zag_io_send_rest(int fd, const struct iovec *v, size_t n, size_t done,
		      int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	struct iovec piece[ZAG_IOV_PIECE];
	struct msghdr m = { .msg_iov = piece };
	size_t len = zag_iov_len(v, n);
	long r;

	io.partly = true;
	while (done < len) {
		m.msg_iovlen = (size_t)zag_iov_rest(v, n, done, len - done,
						    piece);
		r = send_more(&io, &m, flags & ~MSG_FASTOPEN);
		if (r < 0)
			break;
		done += (size_t)r;
	}
	return (long)done;
}

/* The first part of a stream send, by whichever call. */
static bool try_again(struct zag_io *io, long *r, int *flags)
{
	if (*r == -EINPROGRESS && (*flags & MSG_FASTOPEN) &&
	    !zag_fd_nonblocking(io->fd))
		*flags &= ~MSG_FASTOPEN; /* connecting; then it can be sent */
	else if (*r != -EAGAIN)
		return false;
	*r = zag_io_park(io) ?: zag_io_cut_off(io);
	return *r == 0;
}

static long send_stream(int fd, const void *buf, size_t len, int flags,
			const struct sockaddr *to, socklen_t tolen)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	struct iovec v = { (void *)buf, len };
	long r;

	do {
		r = zag_raw(SYS_sendto, io.fd, buf, len, flags | MSG_DONTWAIT, to,
			    tolen);
	} while (try_again(&io, &r, &flags));
	if (r < 0 || (size_t)r >= zag_min(len, ZAG_IO_MAX))
		return r;
	return zag_io_send_rest(io.fd, &v, 1, (size_t)r, flags);
}

long zag_io_send_stream(int fd, const char *buf, size_t len, int flags)
{
	return send_stream(fd, buf, len, flags, NULL, 0);
}

/* A socket's kind, looked up again where the hint is of no socket. */
static enum zag_fd_kind socket_kind(int fd)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);

	if (kind == ZAG_FD_STREAM || kind == ZAG_FD_SOCKET)
		return kind;
	return zag_fd_kind_again(fd);
}

long zag_io_sendto(int fd, const void *buf, size_t len, int flags,
		   const struct sockaddr *to, socklen_t tolen)
{
	if (flags & MSG_DONTWAIT)
		return zag_raw(SYS_sendto, fd, buf, len, flags, to, tolen);
	if (socket_kind(fd) == ZAG_FD_STREAM)
		return send_stream(fd, buf, len, flags, to, tolen);
	return send_datagram(fd, buf, len, flags, to, tolen);
}

static long sendmsg_stream(int fd, const struct msghdr *msg, int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	long r;

	do {
		r = zag_raw(SYS_sendmsg, io.fd, msg, flags | MSG_DONTWAIT);
	} while (try_again(&io, &r, &flags));
	if (r < 0)
		return r;
	/* The kernel has read msg, so it may be read here; descriptors and
	 * credentials went with the first part. */
	return zag_io_send_rest(io.fd, msg->msg_iov, msg->msg_iovlen, (size_t)r,
				flags);
}

static long sendmsg_datagram(int fd, const struct msghdr *msg, int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	long r;

	for (;;) {
		r = zag_raw(SYS_sendmsg, io.fd, msg, flags | MSG_DONTWAIT);
		if (r != -EAGAIN)
			return r;
		r = park_datagram(&io);
		if (r > 0)
			return zag_block_raw(true, SYS_sendmsg, io.fd, msg, flags,
					     0, 0, 0);
		if (r < 0)
			return r;
	}
}

long zag_io_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (flags & MSG_DONTWAIT)
		return zag_raw(SYS_sendmsg, fd, msg, flags);
	if (socket_kind(fd) == ZAG_FD_STREAM)
		return sendmsg_stream(fd, msg, flags);
	return sendmsg_datagram(fd, msg, flags);
}

/* One by one: a part of a message must be completed before the next; the last
 * is one that was cut short. */
static long zag_io_sendmmsg(int fd, struct mmsghdr *v, unsigned int n,
			    int flags)
{
	unsigned int done;
	long r;

	if (flags & MSG_DONTWAIT)
		return zag_raw(SYS_sendmmsg, fd, v, n, flags);
	n = zag_min(n, 1024U); /* UIO_MAXIOV, as the kernel */
	if (!n)
		return zag_raw(SYS_sendmmsg, fd, v, n, flags);
	for (done = 0; done < n; done++) {
		r = zag_io_sendmsg(fd, &v[done].msg_hdr, flags);
		if (r < 0)
			return done ? done : r;
		v[done].msg_len = (unsigned int)r;
		if ((size_t)r < zag_iov_len(v[done].msg_hdr.msg_iov,
					    v[done].msg_hdr.msg_iovlen))
			return done + 1;
	}
	return done;
}

ZAG_EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(send)(fd, buf, len, flags);
	return ZAG_POINT_IO(zag_io_sendto(fd, buf, len, flags, NULL, 0));
}

ZAG_ALIAS(__send, send);

ZAG_EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			  __CONST_SOCKADDR_ARG to, socklen_t tolen)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sendto)(fd, buf, len, flags, to, tolen);
	return ZAG_POINT_IO(zag_io_sendto(fd, buf, len, flags, to.__sockaddr__,
				     tolen));
}

ZAG_EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sendmsg)(fd, msg, flags);
	return ZAG_POINT_IO(zag_io_sendmsg(fd, msg, flags));
}

ZAG_EXPORT int sendmmsg(int fd, struct mmsghdr *v, unsigned int n, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sendmmsg)(fd, v, n, flags);
	return (int)ZAG_POINT_IO(zag_io_sendmmsg(fd, v, n, flags));
}
