/* SPDX-License-Identifier: BSD-2-Clause */
/* connect. */
#include "wrap/libc.h"

#include <netinet/in.h>

#include "wrap/io_core.h"
#include "wrap/real.h"

/* Datagram and raw sockets only note the address. */
static bool may_block(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	if (zag_fd_kind(fd) == ZAG_FD_STREAM)
		return true;
	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &size);
	return type != SOCK_DGRAM && type != SOCK_RAW && type;
}

/*
 * The one call that must make a descriptor non-blocking, since connect has no
 * flags; for no longer than it takes.  Another fiber may look at the flags
 * just then: the answer is put into the table first.
 */
static long connect_start(int fd, const struct sockaddr *addr, socklen_t len,
			  long flags)
{
	long r;

	zag_fd_nonblocking(fd);
	zag_raw(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	r = zag_raw(SYS_connect, fd, addr, len);
	zag_raw(SYS_fcntl, fd, F_SETFL, flags);
	return r;
}

/*
 * The handshake is over.  A socket that another thread has shut down meanwhile
 * is told so, and is a new one, which a second connect would connect; TCP says
 * this of no other that was connecting.
 */
static long connect_result(int fd, const struct sockaddr *addr, socklen_t len)
{
	int err = zag_sys_socket_option(fd, SO_ERROR);
	long r;

	if (err == ECONNRESET &&
	    zag_sys_socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP)
		return -err;
	r = zag_stand_raw(true, SYS_connect, fd, addr, len, 0, 0, 0);
	return err ? -err : r == -EISCONN ? 0 : r;
}

/*
 * Once the handshake is over, which a peer on this machine takes part in while
 * connect begins it, a second connect returns its result and leaves the socket
 * as the first one would have: connected, or to be used again.
 */
static long connect_finish(int fd, const struct sockaddr *addr, socklen_t len,
			   long started)
{
	struct zag_io io ZAG_IO(fd, ZAG_OUT);
	long r;

	while (!zag_io_events(io.fd, POLLOUT)) {
		r = zag_io_park(&io);
		if (r == -EAGAIN) /* SO_SNDTIMEO; see socket(7) */
			return started;
		if (r < 0)
			return r;
	}
	return connect_result(io.fd, addr, len);
}

long zag_io_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	long flags, r;

	if (!may_block(fd))
		return zag_raw(SYS_connect, fd, addr, len);
	flags = zag_raw(SYS_fcntl, fd, F_GETFL);
	if (flags < 0 || (flags & O_NONBLOCK))
		return zag_raw(SYS_connect, fd, addr, len);
	r = connect_start(fd, addr, len, flags);
	if (r == -EINPROGRESS || r == -EALREADY)
		return connect_finish(fd, addr, len, r);
	if (r == -EAGAIN) /* Unix: backlog full, which no event ends */
		return zag_block_raw(true, SYS_connect, fd, addr, len, 0, 0, 0);
	return r;
}

ZAG_EXPORT int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	if (!zag_on_fiber())
		return ZAG_REAL(connect)(fd, addr, len);
	return (int)ZAG_POINT_IO(zag_io_connect(fd, addr.__sockaddr__, len));
}

ZAG_ALIAS(__connect, connect);
