/* SPDX-License-Identifier: BSD-2-Clause */
/* tcdrain, tcflow, tcsendbreak, tcsetattr: a serial line takes its time. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/* What is written and not yet sent; where there is none, nothing waits. */
static bool has_output(int fd)
{
	int queued = 0;

	return zag_raw(SYS_ioctl, fd, TIOCOUTQ, &queued) >= 0 && queued;
}

static long zag_fd_drain(int fd)
{
	if (has_output(fd))
		return zag_block_raw(true, SYS_ioctl, fd, TCSBRK, 1, 0, 0, 0);
	return zag_raw(SYS_ioctl, fd, TCSBRK, 1);
}

ZAG_EXPORT int tcdrain(int fd)
{
	if (!zag_on_fiber())
		return ZAG_REAL(tcdrain)(fd);
	return (int)ZAG_POINT(zag_fd_drain(fd));
}

ZAG_EXPORT int tcsendbreak(int fd, int duration)
{
	/* As libc: tenths of a second. */
	if (!zag_on_fiber())
		return ZAG_REAL(tcsendbreak)(fd, duration);
	if (duration <= 0)
		return (int)ZAG_NO_POINT(zag_block_raw(
			true, SYS_ioctl, fd, TCSBRK, 0, 0, 0, 0));
	return (int)ZAG_NO_POINT(zag_block_raw(true, SYS_ioctl, fd, TCSBRKP,
					       (duration + 99) / 100, 0, 0, 0));
}

ZAG_EXPORT int tcflow(int fd, int action)
{
	/* To stop or go on is done at once; a character has to be sent. */
	if (!zag_on_fiber() || action == TCOOFF || action == TCOON)
		return ZAG_REAL(tcflow)(fd, action);
	return (int)ZAG_NO_POINT(zag_block_raw(true, SYS_ioctl, fd, TCXONC,
					       action, 0, 0, 0));
}

ZAG_EXPORT int tcsetattr(int fd, int when, const struct termios *t)
{
	if (zag_on_fiber() && when != TCSANOW && has_output(fd)) {
		long r = ZAG_NO_POINT(zag_fd_drain(fd));

		if (r < 0)
			return (int)r;
	}
	return ZAG_REAL(tcsetattr)(fd, when, t);
}
