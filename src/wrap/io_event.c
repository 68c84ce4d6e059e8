/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd_read, eventfd_write, aio_suspend. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

ZAG_EXPORT int eventfd_read(int fd, eventfd_t *value)
{
	if (!zag_on_fiber())
		return ZAG_REAL(eventfd_read)(fd, value);
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

ZAG_EXPORT int eventfd_write(int fd, eventfd_t value)
{
	if (!zag_on_fiber())
		return ZAG_REAL(eventfd_write)(fd, value);
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

static bool some_done(const struct aiocb *const *list, int n)
{
	bool any = false;

	for (int i = 0; i < n; i++) {
		if (list[i] && aio_error(list[i]) != EINPROGRESS)
			return true;
		any = any || list[i];
	}
	return !any; /* as libc: nothing to wait for */
}

/* libc's own threads do the work, and tell none of ours. */
static long zag_io_aio_suspend(const struct aiocb *const *list, int n,
			       zag_time deadline)
{
	zag_time interval = 0;
	int r = 0;

	if (n < 0)
		return -EINVAL;
	while (!some_done(list, n)) {
		if (r < 0)
			return r == -ETIMEDOUT ? -EAGAIN : r;
		r = zag_backoff(&interval, deadline, false);
	}
	return 0;
}

ZAG_EXPORT int aio_suspend(const struct aiocb *const list[], int n,
			   const struct timespec *restrict timeout)
{
	zag_time deadline = ZAG_NEVER;

	if (!zag_on_fiber())
		return ZAG_REAL(aio_suspend)(list, n, timeout);
	if (timeout && !zag_timespec_valid(timeout))
		return (int)zag_ret(-EINVAL);
	if (timeout)
		deadline = zag_deadline_rel(timeout);
	return (int)ZAG_POINT(zag_io_aio_suspend(list, n, deadline));
}

/* The same, where off_t has 64 bits. */
ZAG_EXPORT int aio_suspend64(const struct aiocb64 *const list[], int n,
			     const struct timespec *restrict timeout)
{
	return aio_suspend((const struct aiocb *const *)list, n, timeout);
}
