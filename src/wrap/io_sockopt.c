/* SPDX-License-Identifier: BSD-2-Clause */
/* setsockopt, shutdown: what is remembered of a socket, and who waits for it. */
#include "wrap/libc.h"

#include "base/atomic.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

bool zag_io_linger_used;

static void note_option(int option, const int *value)
{
	const struct linger *linger = (const void *)value;

	switch (option) {
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
#if defined(SO_RCVTIMEO_NEW) && SO_RCVTIMEO_NEW != SO_RCVTIMEO
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_NEW:
#endif
		zag_fd_flags_changed();
		break;
	case SO_RCVLOWAT:
		if (*value > 1)
			zag_io_lowat_used = true;
		break;
	case SO_LINGER:
		if (linger->l_onoff && linger->l_linger)
			zag_io_linger_used = true;
		break;
	}
}

ZAG_EXPORT int setsockopt(int fd, int level, int option, const void *value,
			  socklen_t len)
{
	int r = ZAG_REAL(setsockopt)(fd, level, option, value, len);

	if (r == 0 && level == SOL_SOCKET)
		note_option(option, value);
	return r;
}

/*
 * The kernel tells who waits, but for one: who waits for room in a Unix stream
 * that will send no more is told, and poll(2) does not show it.  It may be the
 * other end, whose number nobody knows.
 */
ZAG_EXPORT int shutdown(int fd, int how)
{
	int r = ZAG_REAL(shutdown)(fd, how);

	if (r == 0 && zag_on_fiber() &&
	    zag_sys_socket_option(fd, SO_DOMAIN) == AF_UNIX)
		zag_fd_wake_writers();
	return r;
}
