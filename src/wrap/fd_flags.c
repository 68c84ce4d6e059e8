/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl, ioctl: the program's O_NONBLOCK, and locks that are waited for. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "fiber/fiber.h"
#include "loop/fdwait.h"
#include "wrap/fd_lock.h"
#include "wrap/fd_tty.h"
#include "wrap/real.h"

static int pass_fcntl(int fd, int cmd, void *arg)
{
	int r = ZAG_REAL(fcntl)(fd, cmd, arg);

	if (cmd == F_SETFL && r >= 0)
		zag_fd_flags_changed();
	return r;
}

/* The kernel does not know a fiber's number: then it is for the process, and
 * whoever does not block the signal gets it. */
static int set_owner(int fd, const struct f_owner_ex *owner)
{
	struct f_owner_ex process = { F_OWNER_PID, getpid() };

	if (zag_sys_readable(owner) && owner->type == F_OWNER_TID &&
	    owner->pid > 0 && zag_fiber_by_tid((uint32_t)owner->pid))
		owner = &process;
	return ZAG_REAL(fcntl)(fd, F_SETOWN_EX, owner);
}

ZAG_EXPORT int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!zag_on_fiber())
		return pass_fcntl(fd, cmd, arg);
	if (cmd == F_SETLKW || cmd == F_OFD_SETLKW)
		return (int)ZAG_POINT(zag_fd_setlk(fd, cmd, arg));
	if (cmd == F_SETOWN_EX)
		return set_owner(fd, arg);
	return pass_fcntl(fd, cmd, arg);
}

ZAG_ALIAS(fcntl64, fcntl);
ZAG_ALIAS(__fcntl, fcntl);

/* What only the foreground may do to a terminal. */
static bool changes_terminal(unsigned long cmd)
{
	switch (cmd) {
	case TCSETA:
	case TCSETAF:
	case TCSETAW:
	case TCSETS:
	case TCSETSF:
	case TCSETSW:
	case TCSBRK:
	case TCSBRKP:
	case TCXONC:
	case TCFLSH:
	case TIOCSPGRP:
		return true;
	default:
		return false;
	}
}

ZAG_EXPORT int ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;
	void *arg;
	int r;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (zag_unlikely(changes_terminal(cmd)) && zag_on_fiber() &&
	    ZAG_NO_POINT(zag_tty_may_change(fd)) < 0)
		return -1;
	r = ZAG_REAL(ioctl)(fd, cmd, arg);
	if (cmd == FIONBIO && r >= 0)
		zag_fd_flags_changed();
	return r;
}
