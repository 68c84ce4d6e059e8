/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that closes descriptors: the table must forget them. */
#include "wrap/libc.h"

#include <linux/close_range.h>
#include <limits.h>

#include "base/ownfd.h"
#include "base/raw.h"
#include "loop/fdwait.h"
#include "wrap/fd_own.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

static void forget(int fd)
{
	if (fd >= 0 && zag_fd_own_process())
		zag_fd_forget(fd);
}

/* After it was closed or another file was put there: errno stays. */
static void replaced(int fd)
{
	if (fd >= 0 && zag_fd_own_process())
		zag_fd_replaced(fd);
}

static void forget_range(unsigned int first, unsigned int last)
{
	if (first <= last && zag_fd_own_process())
		zag_fd_forget_range(first, last);
}

/* To the program, ours are not open; the child of a vfork may close them. */
static bool is_hidden(int fd)
{
	return zag_unlikely(zag_ownfd((unsigned int)fd)) &&
	       zag_fd_own_process();
}

/* Whether closing it waits for the other end. */
static bool lingers(int fd)
{
	struct linger l = { 0 };
	socklen_t size = sizeof(l);

	if (zag_likely(!zag_io_linger_used) || !zag_on_fiber() ||
	    zag_fd_kind(fd) != ZAG_FD_STREAM)
		return false;
	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &l, &size);
	return l.l_onoff && l.l_linger;
}

/* A signal ends the waiting, and the descriptor is closed all the same. */
static long close_lingering(int fd)
{
	long r = zag_block_raw(true, SYS_close, fd, 0, 0, 0, 0, 0);

	return r == -EINTR ? zag_raw(SYS_close, fd) : r;
}

ZAG_EXPORT int close(int fd)
{
	bool waits;
	int r;

	zag_point(); /* then fd stays open */
	if (is_hidden(fd))
		return (int)zag_ret(-EBADF);
	waits = lingers(fd);
	forget(fd);
	r = waits ? (int)ZAG_NO_POINT(close_lingering(fd)) :
		    ZAG_REAL(close)(fd);
	replaced(fd);
	return r;
}

int zag_fd_close_quietly(int fd)
{
	if (is_hidden(fd))
		return (int)zag_ret(-EBADF);
	forget(fd);
	return (int)zag_ret(zag_raw(SYS_close, fd));
}

ZAG_ALIAS(__close, close);

/* close_range, but for what is ours. */
static int close_around(unsigned int first, unsigned int last, int flags)
{
	unsigned int at = first, highest = zag_min(last, ZAG_OWNFD_END - 1u);

	for (unsigned int fd = first; fd <= highest; fd++) {
		if (!is_hidden((int)fd))
			continue;
		if (fd > at)
			ZAG_REAL(close_range)(at, fd - 1, flags);
		at = fd + 1;
	}
	return at <= last ? ZAG_REAL(close_range)(at, last, flags) : 0;
}

ZAG_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	if (flags & CLOSE_RANGE_CLOEXEC)
		return ZAG_REAL(close_range)(first, last, flags);
	forget_range(first, last);
	return close_around(first, last, flags);
}

ZAG_EXPORT void closefrom(int from)
{
	unsigned int first = (unsigned int)zag_max(from, 0);

	forget_range(first, UINT_MAX);
	if (close_around(first, UINT_MAX, 0) < 0) /* no such call: by hand */
		ZAG_REAL(closefrom)(from);
}

/* The old file at `to` is closed, unless the call fails. */
static void forget_target(int fd, int to)
{
	if (fd != to && fd >= 0 && zag_raw(SYS_fcntl, fd, F_GETFD) >= 0)
		forget(to);
}

ZAG_EXPORT int dup2(int fd, int to)
{
	int r;

	if (is_hidden(to))
		return (int)zag_ret(-EBUSY);
	forget_target(fd, to);
	r = ZAG_REAL(dup2)(fd, to);
	replaced(to);
	return r;
}

ZAG_ALIAS(__dup2, dup2);

ZAG_EXPORT int dup3(int fd, int to, int flags)
{
	int r;

	if (is_hidden(to))
		return (int)zag_ret(-EBUSY);
	if (!(flags & ~O_CLOEXEC))
		forget_target(fd, to);
	r = ZAG_REAL(dup3)(fd, to, flags);
	replaced(to);
	return r;
}

ZAG_EXPORT int mq_close(mqd_t q)
{
	forget(q);
	return ZAG_REAL(mq_close)(q);
}

static void forget_stream(FILE *f)
{
	int err = errno;

	forget(fileno(f)); /* -1 for a stream without a descriptor */
	errno = err;
}

ZAG_EXPORT int fclose(FILE *f)
{
	forget_stream(f);
	return ZAG_REAL(fclose)(f);
}

ZAG_ALIAS(_IO_fclose, fclose);

ZAG_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode,
			 FILE *restrict f)
{
	forget_stream(f);
	return ZAG_REAL(freopen)(path, mode, f);
}

ZAG_EXPORT FILE *freopen64(const char *restrict path,
			   const char *restrict mode, FILE *restrict f)
{
	forget_stream(f);
	return ZAG_REAL(freopen64)(path, mode, f);
}

ZAG_EXPORT int closedir(DIR *dir)
{
	void *given = dir;

	/* libc answers EINVAL to NULL, whatever its header promises. */
	__asm__("" : "+r"(given));
	if (given)
		forget(dirfd(given));
	return ZAG_REAL(closedir)(dir);
}
