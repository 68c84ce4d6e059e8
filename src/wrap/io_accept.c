/* SPDX-License-Identifier: BSD-2-Clause */
/* accept, accept4. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/* Something else than a listening socket is told so without a wait. */
static bool is_listening(int fd)
{
	int on = 0;
	socklen_t size = sizeof(on);

	return zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN, &on,
		       &size) == 0 &&
	       on;
}

/*
 * There is no accept that does not block on a blocking listener: ask, then
 * call, and nobody of ours in between.  (Another process may take the
 * connection; then this carrier waits in the kernel for the next.)
 */
static long accept_ready(int fd, struct sockaddr *addr, socklen_t *len,
			 int flags)
{
	struct zag_mutex *lock = zag_fd_accept_lock(fd);
	long r = -EAGAIN;

	zag_mutex_lock(lock);
	if (zag_io_events(fd, POLLIN))
		r = zag_stand_raw(true, SYS_accept4, fd, addr, len, flags, 0,
				  0);
	zag_mutex_unlock(lock);
	if (r >= 0)
		zag_fd_set_listens(fd);
	return r;
}

long zag_io_accept(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct zag_io io ZAG_IO(fd, ZAG_IN);
	long r;

	io.idles = true;
	for (;;) {
		r = accept_ready(io.fd, addr, len, flags);
		if (r != -EAGAIN)
			return r;
		if (!io.timed && !is_listening(io.fd))
			return zag_raw(SYS_accept4, io.fd, addr, len, flags);
		r = zag_io_park(&io);
		if (r < 0)
			return r;
	}
}

ZAG_EXPORT int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len,
		       int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(accept4)(fd, addr, len, flags);
	return (int)ZAG_POINT_IO(zag_io_accept(fd, addr.__sockaddr__, len, flags));
}

ZAG_EXPORT int accept(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len)
{
	if (!zag_on_fiber())
		return ZAG_REAL(accept)(fd, addr, len);
	return (int)ZAG_POINT_IO(zag_io_accept(fd, addr.__sockaddr__, len, 0));
}
