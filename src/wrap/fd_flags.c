/* SPDX-License-Identifier: BSD-2-Clause */
/* fcntl, ioctl: the program's O_NONBLOCK, and locks that are waited for. */
#include "wrap/libc.h"

#include "loop/fdwait.h"
#include "wrap/fd_lock.h"
#include "wrap/real.h"

static int pass_fcntl(int fd, int cmd, void *arg)
{
	int r = ZAG_REAL(fcntl)(fd, cmd, arg);

	if (cmd == F_SETFL && r >= 0)
		zag_fd_flags_changed();
	return r;
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
	return pass_fcntl(fd, cmd, arg);
}

ZAG_ALIAS(fcntl64, fcntl);
ZAG_ALIAS(__fcntl, fcntl);

ZAG_EXPORT int ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;
	void *arg;
	int r;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	r = ZAG_REAL(ioctl)(fd, cmd, arg);
	if (cmd == FIONBIO && r >= 0)
		zag_fd_flags_changed();
	return r;
}
