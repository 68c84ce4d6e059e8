/* SPDX-License-Identifier: BSD-2-Clause */
/* tcdrain, tcflow, tcsendbreak, tcsetattr: a serial line takes its time. */
#include "wrap/fd_tty.h"

#include "base/sigmask.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

bool zag_tty_in_background(int fd)
{
	pid_t front;

	return !zag_raw(SYS_ioctl, fd, TIOCGPGRP, &front) &&
	       front != zag_raw(SYS_getpgid, 0);
}

long zag_tty_call(const struct zag_syscall *call, bool restarts)
{
	const uint64_t job = ZAG_SIGBIT(SIGTTIN) | ZAG_SIGBIT(SIGTTOU);

	return zag_standing_call(
		call, restarts, job & ~zag_load_rlx(&zag_fiber_self()->sigmask));
}

long zag_tty_may_change(int fd)
{
	enum { NO_SUCH_QUEUE = 99 }; /* is seen after job control */
	long r;

	if (!zag_tty_in_background(fd))
		return 0;
	r = zag_tty_call(ZAG_SYSCALL(SYS_ioctl, fd, TCFLSH, NO_SUCH_QUEUE, 0, 0,
				     0), true);
	return r == -EINVAL ? 0 : r;
}

/* What is written and not yet sent; where there is none, nothing waits. */
static bool has_output(int fd)
{
	int queued = 0;

	return zag_raw(SYS_ioctl, fd, TIOCOUTQ, &queued) >= 0 && queued;
}

static long zag_fd_drain(int fd)
{
	long r = zag_tty_may_change(fd);

	if (r < 0)
		return r;
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

/* One that takes the time of a character, or of many. */
static long zag_fd_send(int fd, long cmd, long arg)
{
	return zag_tty_may_change(fd) ?:
		       zag_block_raw(true, SYS_ioctl, fd, cmd, arg, 0, 0, 0);
}

ZAG_EXPORT int tcsendbreak(int fd, int duration)
{
	/* As libc: tenths of a second. */
	if (!zag_on_fiber())
		return ZAG_REAL(tcsendbreak)(fd, duration);
	if (duration <= 0)
		return (int)ZAG_NO_POINT(zag_fd_send(fd, TCSBRK, 0));
	return (int)ZAG_NO_POINT(
		zag_fd_send(fd, TCSBRKP, (duration + 99) / 100));
}

ZAG_EXPORT int tcflow(int fd, int action)
{
	if (!zag_on_fiber())
		return ZAG_REAL(tcflow)(fd, action);
	/* To stop or go on is done at once; a character has to be sent. */
	if (action == TCOOFF || action == TCOON)
		return ioctl(fd, TCXONC, action);
	return (int)ZAG_NO_POINT(zag_fd_send(fd, TCXONC, action));
}

ZAG_EXPORT int tcsetattr(int fd, int when, const struct termios *t)
{
	if (zag_on_fiber()) {
		bool drain = when != TCSANOW && has_output(fd);
		long r = ZAG_NO_POINT(drain ? zag_fd_drain(fd) :
					      zag_tty_may_change(fd));

		if (r < 0)
			return (int)r;
	}
	return ZAG_REAL(tcsetattr)(fd, when, t);
}
