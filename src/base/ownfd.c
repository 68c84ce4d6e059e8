/* SPDX-License-Identifier: BSD-2-Clause */
/* Which descriptors are the runtime's own, and where they stand. */
#include "config.h"

#include "base/ownfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "base/raw.h"

/*
 * Of each number: how many times it has become ours, and how many of those are
 * being closed.  While these are equal it may be the program's already, or not
 * yet: no lock tells, as closing can take any time, and a forked child or a
 * handler would wait for it for ever.
 */
enum { OURS = 1, CLOSING = 0x100, LOOKS = 1000 };

static _Atomic uint16_t numbers[ZAG_OWNFD_END];

void zag_ownfd_widen(uint32_t n)
{
	long fd = zag_raw(SYS_eventfd2, 0, EFD_CLOEXEC), high;

	if (fd < 0)
		return;
	high = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, ZAG_OWNFD_LEAST + n);
	zag_raw(SYS_close, fd);
	if (high >= 0)
		zag_raw(SYS_close, high);
}

bool zag_ownfd_room(uint32_t n)
{
	static int last[3 * 1024];
	uint32_t got = 0;
	long fd = zag_raw(SYS_eventfd2, 0, EFD_CLOEXEC);

	if (fd < 0)
		return false;
	n = zag_min(n, (uint32_t)(sizeof(last) / sizeof(last[0])));
	while (got < n) {
		last[got] = (int)zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
		if (last[got] < 0)
			break;
		got++;
	}
	for (uint32_t i = 0; i < got; i++)
		zag_raw(SYS_close, last[i]);
	zag_raw(SYS_close, fd);
	return got == n;
}

int zag_ownfd_copy(int fd)
{
	long r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, ZAG_OWNFD_LEAST);

	if (r == -EINVAL || r == -EMFILE) /* above the limit */
		r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	if (r >= 0 && r < ZAG_OWNFD_END)
		zag_add(&numbers[r], OURS);
	return (int)r;
}

int zag_ownfd_move(int fd)
{
	int r;

	if (fd < 0)
		return fd;
	r = zag_ownfd_copy(fd);
	zag_raw(SYS_close, fd);
	return r;
}

bool zag_ownfd_pipe(int ends[2])
{
	if (zag_raw(SYS_pipe2, ends, O_CLOEXEC))
		return false;
	for (int i = 0; i < 2; i++)
		ends[i] = zag_ownfd_move(ends[i]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return true;
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			zag_ownfd_close(ends[i]);
	return false;
}

void zag_ownfd_close(int fd)
{
	bool known = (unsigned)fd < ZAG_OWNFD_END;

	if (known)
		zag_add(&numbers[fd], CLOSING);
	zag_raw(SYS_close, fd);
	if (known)
		zag_sub(&numbers[fd], OURS + CLOSING);
}

/* Who asks for so long has most likely got the number meanwhile. */
static bool is_ours(_Atomic uint16_t *number)
{
	for (int i = 0; i < LOOKS; i++) {
		uint16_t n = zag_load_acq(number);

		if (n % CLOSING != n / CLOSING || !n)
			return n != 0;
		zag_raw(SYS_sched_yield);
	}
	return false;
}

bool zag_ownfd(unsigned fd)
{
	return fd < ZAG_OWNFD_END && is_ours(&numbers[fd]);
}

void zag_ownfd_reset(void)
{
	for (int i = 0; i < ZAG_OWNFD_END; i++)
		zag_store_rlx(&numbers[i], 0);
}
