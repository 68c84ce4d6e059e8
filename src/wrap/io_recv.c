/* SPDX-License-Identifier: BSD-2-Clause */
/* recv, recvfrom, recvmsg, recvmmsg. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

bool zag_io_lowat_used;

/* With these a call returns at once, blocking descriptor or not. */
static bool never_blocks(int flags)
{
	return flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE);
}

/*
 * How many bytes a blocking call waits for, when it got fewer: all with
 * MSG_WAITALL, else SO_RCVLOWAT.  Only a stream waits for more than something.
 */
static size_t wanted(int fd, size_t len, int flags)
{
	int low = 1;
	socklen_t size = sizeof(low);

	if (!(flags & MSG_WAITALL) && !zag_io_lowat_used)
		return 1;
	if (zag_fd_kind_again(fd) != ZAG_FD_STREAM)
		return 1;
	if (flags & MSG_WAITALL)
		return len;
	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &low, &size);
	return zag_min(len, (size_t)zag_max(low, 1));
}

static bool may_want_more(int flags)
{
	return (flags & MSG_WAITALL) || zag_io_lowat_used;
}

/* An error is pending and nothing is queued before it. */
static bool only_error_left(int fd)
{
	int queued = 0;

	return zag_io_failed(fd) &&
	       (zag_raw(SYS_ioctl, fd, FIONREAD, &queued) < 0 || !queued);
}

/* In the kernel; apart, to keep the frames of parked fibers small. */
ZAG_NOINLINE static long recv_there(const struct zag_io *io, void *buf,
				    size_t len, int flags,
				    struct sockaddr *from, socklen_t *fromlen)
{
	return zag_block_raw(zag_io_restarts(io), SYS_recvfrom, io->fd, buf,
			     len, flags, from, fromlen);
}

ZAG_NOINLINE static long recvmsg_there(const struct zag_io *io,
				       struct msghdr *msg, int flags)
{
	return zag_block_raw(zag_io_restarts(io), SYS_recvmsg, io->fd, msg,
			     flags, 0, 0, 0);
}

static long recv_once(struct zag_io *io, void *buf, size_t len, int flags,
		      struct sockaddr *from, socklen_t *fromlen)
{
	long r;

	for (;;) {
		r = zag_raw(SYS_recvfrom, io->fd, buf, len,
			    flags | MSG_DONTWAIT, from, fromlen);
		if (r != -EAGAIN)
			return r;
		if (zag_io_misled(io))
			return recv_there(io, buf, len, flags, from, fromlen);
		r = zag_io_park(io);
		if (r < 0)
			return r;
	}
}

static long recvmsg_once(struct zag_io *io, struct msghdr *msg, int flags)
{
	long r;

	for (;;) {
		r = zag_raw(SYS_recvmsg, io->fd, msg, flags | MSG_DONTWAIT);
		if (r != -EAGAIN)
			return r;
		if (zag_io_misled(io))
			return recvmsg_there(io, msg, flags);
		r = zag_io_park(io);
		if (r < 0)
			return r;
	}
}

/*
 * A Unix socket's read ends where descriptors were passed with the data; a
 * second one would lose the next ones, there being no room for them.
 */
static bool ends_at_control(int fd, const struct msghdr *msg)
{
	return msg->msg_controllen && zag_fd_domain(fd) == AF_UNIX;
}

/* Urgent data ends what was read before it: POSIX.1-2017 XSH 2.10.12. */
static bool at_mark(int fd)
{
	int at = 0;

	return zag_raw(SYS_ioctl, fd, SIOCATMARK, &at) >= 0 && at;
}

/* A stream gave `done` bytes of `want`: go on until it has given them. */
static long recv_rest(struct zag_io *io, struct msghdr *msg, size_t room,
		      size_t done, size_t want, int flags)
{
	struct iovec piece[ZAG_IOV_PIECE];
	struct msghdr m = { .msg_iov = piece };
	long r;

	io->partly = true;
	while (done < want && !ends_at_control(io->fd, msg)) {
		if (at_mark(io->fd) || zag_io_park(io) < 0 ||
		    at_mark(io->fd) || only_error_left(io->fd))
			break;
		m.msg_iovlen = (size_t)zag_iov_rest(msg->msg_iov,
						    msg->msg_iovlen, done,
						    SIZE_MAX, piece);
		m.msg_control = msg->msg_control;
		m.msg_controllen = msg->msg_controllen ? 0 : room;
		r = zag_raw(SYS_recvmsg, io->fd, &m, flags | MSG_DONTWAIT);
		if (r == -EAGAIN)
			continue;
		if (r <= 0)
			break;
		done += (size_t)r;
		if (m.msg_controllen && !msg->msg_controllen)
			msg->msg_controllen = m.msg_controllen;
		msg->msg_flags |= m.msg_flags;
	}
	return (long)done;
}

long zag_io_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	size_t room, len, want;
	long r;

	if (never_blocks(flags))
		return zag_raw(SYS_recvmsg, fd, msg, flags);
	if (!may_want_more(flags))
		return recvmsg_once(&io, msg, flags);
	room = msg->msg_controllen; /* the call writes its use there */
	r = recvmsg_once(&io, msg, flags);
	if (r <= 0)
		return r;
	len = zag_iov_len(msg->msg_iov, msg->msg_iovlen);
	if ((size_t)r >= len)
		return r;
	want = wanted(io.fd, len, flags);
	if ((size_t)r >= want)
		return r;
	if (flags & MSG_PEEK) /* only the kernel can wait for it to be there */
		return zag_fd_nonblocking(io.fd)
			       ? r
			       : zag_block_raw(true, SYS_recvmsg, io.fd, msg,
					       flags, 0, 0, 0);
	return recv_rest(&io, msg, room, (size_t)r, want, flags);
}

/* recv and recvfrom for more than the first bytes there are; apart, since its
 * variables would be on the stack of each fiber that is parked in recv. */
ZAG_NOINLINE static long recv_wanted(int fd, void *buf, size_t len, int flags,
				     struct sockaddr *from, socklen_t *fromlen)
{
	struct iovec v = { buf, len };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1 };
	long r;

	if (from && fromlen) {
		msg.msg_name = from;
		msg.msg_namelen = *fromlen;
	}
	r = zag_io_recvmsg(fd, &msg, flags);
	if (r >= 0 && msg.msg_name)
		*fromlen = msg.msg_namelen;
	return r;
}

long zag_io_recvfrom(int fd, void *buf, size_t len, int flags,
		     struct sockaddr *from, socklen_t *fromlen)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);

	if (never_blocks(flags))
		return zag_raw(SYS_recvfrom, fd, buf, len, flags, from,
			       fromlen);
	if (zag_unlikely(may_want_more(flags)))
		return recv_wanted(fd, buf, len, flags, from, fromlen);
	return recv_once(&io, buf, len, flags, from, fromlen);
}

long zag_io_recv_stream(int fd, void *buf, size_t len, int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	long r;

	if (zag_unlikely(may_want_more(flags)))
		return recv_wanted(fd, buf, len, flags, NULL, NULL);
	/* The last read emptied the queue: this one would only say EAGAIN. */
	if (zag_fd_take_drained(fd) && !zag_fd_nonblocking(fd)) {
		r = zag_io_park(&io);
		if (r < 0)
			return r;
	}
	r = recv_once(&io, buf, len, flags, NULL, NULL);
	if (r > 0 && (size_t)r < len && !(flags & MSG_PEEK))
		zag_fd_set_drained(io.fd);
	return r;
}

long zag_io_recv(int fd, void *buf, size_t len, int flags)
{
	if (!never_blocks(flags) && zag_fd_kind(fd) == ZAG_FD_STREAM)
		return zag_io_recv_stream(fd, buf, len, flags);
	return zag_io_recvfrom(fd, buf, len, flags, NULL, NULL);
}

/* As the kernel: looked at after each message only, and written back. */
static bool time_is_up(struct timespec *timeout, zag_time deadline)
{
	zag_time left;

	if (!timeout)
		return false;
	left = zag_max(deadline - zag_now(), 0);
	timeout->tv_sec = left / ZAG_NSEC;
	timeout->tv_nsec = left % ZAG_NSEC;
	return !left;
}

/* One more, in the kernel. */
ZAG_NOINLINE static long recvmmsg_there(const struct zag_io *io,
					struct mmsghdr *v, int flags)
{
	return zag_block_raw(zag_io_restarts(io), SYS_recvmmsg, io->fd, v, 1,
			     flags, NULL, 0);
}

/* What is there, without a wait.  An error after some is the next call's. */
static long recv_some(const struct zag_io *io, struct mmsghdr *v,
		      unsigned int n, int flags, bool first)
{
	long r;

	if (!first && zag_io_failed(io->fd))
		return -ECONNABORTED;
	flags &= ~MSG_WAITFORONE;
	r = zag_raw(SYS_recvmmsg, io->fd, v, n, flags | MSG_DONTWAIT, NULL);
	if (r == -EAGAIN && zag_io_misled(io))
		return recvmmsg_there(io, v, flags);
	return r;
}

static long zag_io_recvmmsg(int fd, struct mmsghdr *v, unsigned int n,
			    int flags, struct timespec *timeout)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	zag_time deadline;
	unsigned int done = 0;
	long r;

	if (never_blocks(flags))
		return zag_raw(SYS_recvmmsg, fd, v, n, flags, timeout);
	if (timeout && (!zag_timespec_valid(timeout) || timeout->tv_sec < 0))
		return -EINVAL;
	deadline = timeout ? zag_deadline_rel(timeout) : ZAG_NEVER;
	for (;;) {
		r = recv_some(&io, v + done, n - done, flags, !done);
		if (r > 0) {
			done += (unsigned int)r;
			if (done == n || (flags & MSG_WAITFORONE) ||
			    time_is_up(timeout, deadline))
				return done;
		} else if (r != -EAGAIN) {
			return done ? done : r;
		}
		r = zag_io_park(&io);
		if (r < 0)
			return done ? done : r;
	}
}

ZAG_EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(recv)(fd, buf, len, flags);
	return ZAG_POINT_IO(zag_io_recv(fd, buf, len, flags));
}

ZAG_EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size,
			      int flags)
{
	if (len > size)
		__chk_fail();
	return recv(fd, buf, len, flags);
}

ZAG_EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags,
			    __SOCKADDR_ARG from, socklen_t *restrict fromlen)
{
	if (!zag_on_fiber())
		return ZAG_REAL(recvfrom)(fd, buf, len, flags, from, fromlen);
	if (!from.__sockaddr__)
		return ZAG_POINT_IO(zag_io_recv(fd, buf, len, flags));
	return ZAG_POINT_IO(zag_io_recvfrom(fd, buf, len, flags, from.__sockaddr__,
				       fromlen));
}

ZAG_EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size,
				  int flags, __SOCKADDR_ARG from,
				  socklen_t *restrict fromlen)
{
	if (len > size)
		__chk_fail();
	return recvfrom(fd, buf, len, flags, from, fromlen);
}

ZAG_EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(recvmsg)(fd, msg, flags);
	return ZAG_POINT_IO(zag_io_recvmsg(fd, msg, flags));
}

ZAG_EXPORT int recvmmsg(int fd, struct mmsghdr *v, unsigned int n, int flags,
			struct timespec *timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(recvmmsg)(fd, v, n, flags, timeout);
	return (int)ZAG_POINT_IO(zag_io_recvmmsg(fd, v, n, flags, timeout));
}
