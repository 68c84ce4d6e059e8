/* SPDX-License-Identifier: BSD-2-Clause */
/* Which descriptors are the runtime's own, and where they stand. */
#include "config.h"

#include "base/ownfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "base/lock.h"
#include "base/raw.h"

enum { KNOWN = ZAG_OWNFD_END, WORD = 64 };

static _Atomic uint64_t ours[KNOWN / WORD];

/* Held while a number becomes ours or ceases to be, with the system call: it
 * may be the program's, or ours again, before and right after. */
static struct zag_lock lock;

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
	long r;

	zag_lock(&lock);
	r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, ZAG_OWNFD_LEAST);
	if (r == -EINVAL || r == -EMFILE) /* above the limit */
		r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	if (r >= 0 && r < KNOWN)
		zag_or(&ours[r / WORD], UINT64_C(1) << r % WORD);
	zag_unlock(&lock);
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
	zag_lock(&lock);
	zag_raw(SYS_close, fd);
	if ((unsigned)fd < KNOWN)
		zag_and(&ours[fd / WORD], ~(UINT64_C(1) << fd % WORD));
	zag_unlock(&lock);
}

static bool is_marked(unsigned fd)
{
	return zag_load_rlx(&ours[fd / WORD]) >> fd % WORD & 1;
}

bool zag_ownfd(unsigned fd)
{
	bool is = fd < KNOWN && is_marked(fd);

	if (zag_unlikely(is)) {
		zag_lock(&lock); /* unless it has just been closed */
		is = is_marked(fd);
		zag_unlock(&lock);
	}
	return is;
}

void zag_ownfd_reset(void)
{
	lock = (struct zag_lock){ 0 };
	for (int i = 0; i < KNOWN / WORD; i++)
		zag_store_rlx(&ours[i], 0);
}
