/* SPDX-License-Identifier: BSD-2-Clause */
/* open, openat, creat: of a FIFO or a device, by a helper. */
#include "wrap/libc.h"

#include <sys/sysmacros.h>

#include "wrap/io_core.h"
#include "wrap/real.h"

/* Of these devices none waits: memory, the terminal one has, ptys. */
static bool device_waits(dev_t dev)
{
	unsigned int n = major(dev);

	return n != 1 && n != 5 && !(n >= 136 && n <= 143);
}

/* Whether opening it may have to wait for another process, or a carrier. */
static bool may_block(int dir, const char *path, int flags)
{
	int nofollow = flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	struct stat st;

	if ((flags & (O_NONBLOCK | O_PATH | O_DIRECTORY)) ||
	    (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return false;
	if (zag_raw(SYS_newfstatat, dir, path, &st, nofollow) < 0)
		return false;
	return (S_ISFIFO(st.st_mode) && (flags & O_ACCMODE) != O_RDWR) ||
	       (S_ISCHR(st.st_mode) && device_waits(st.st_rdev));
}

static long zag_fd_openat(int dir, const char *path, int flags, mode_t mode)
{
	if (may_block(dir, path, flags))
		return zag_block_raw(true, SYS_openat, dir, path, flags, mode,
				     0, 0);
	/* Where a lease has to be broken, or another process answers. */
	return zag_stand_raw(true, SYS_openat, dir, path, flags, mode, 0, 0);
}

static bool wants_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static mode_t mode_of(int flags, va_list ap)
{
	return wants_mode(flags) ? va_arg(ap, mode_t) : 0;
}

ZAG_EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (!zag_on_fiber())
		return ZAG_REAL(openat)(dir, path, flags, mode);
	return (int)ZAG_POINT(zag_fd_openat(dir, path, flags, mode));
}

ZAG_ALIAS(openat64, openat);

ZAG_EXPORT int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	if (!zag_on_fiber())
		return ZAG_REAL(open)(path, flags, mode);
	return (int)ZAG_POINT(zag_fd_openat(AT_FDCWD, path, flags, mode));
}

ZAG_ALIAS(open64, open);
ZAG_ALIAS(__open, open);
ZAG_ALIAS(__open64, open);

ZAG_EXPORT int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

ZAG_ALIAS(creat64, creat);

/* With _FORTIFY_SOURCE, without a mode: where one is needed, libc ends it. */
ZAG_EXPORT int __open_2(const char *path, int flags)
{
	if (wants_mode(flags))
		return ZAG_REAL(__open_2)(path, flags);
	return open(path, flags);
}

ZAG_ALIAS(__open64_2, __open_2);

ZAG_EXPORT int __openat_2(int dir, const char *path, int flags)
{
	if (wants_mode(flags))
		return ZAG_REAL(__openat_2)(dir, path, flags);
	return openat(dir, path, flags);
}

ZAG_ALIAS(__openat64_2, __openat_2);
