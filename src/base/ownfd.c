/* SPDX-License-Identifier: BSD-2-Clause */
/* Which descriptors are the runtime's own, and where they stand. */
#include "config.h"

#include "base/ownfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "base/procdir.h"
#include "base/raw.h"

enum { KNOWN = ZAG_OWNFD_END, WORD = 64 };

static _Atomic uint64_t ours[KNOWN / WORD];

/* While begun: what was open before, and what only keeps a number taken. */
static uint64_t before[KNOWN / WORD];
static int filler[ZAG_OWNFD_LEAST + 1];
static int fillers;

static void set(uint64_t *map, unsigned fd)
{
	map[fd / WORD] |= UINT64_C(1) << fd % WORD;
}

/* One above the numbers that can be had, or known. */
static unsigned end_of_numbers(void)
{
	struct rlimit lim = { 1024, 1024 };

	zag_raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim);
	return lim.rlim_cur < KNOWN ? (unsigned)lim.rlim_cur : KNOWN;
}

/* --- which are open ------------------------------------------------------ */

static void note_listed(uint32_t fd, void *open)
{
	if (fd < KNOWN)
		set(open, fd);
}

/* /proc names few numbers where thousands would have to be tried.  False:
 * there is no /proc. */
static bool list(uint64_t *open)
{
	long dir = zag_raw(SYS_openat, AT_FDCWD, "/proc/self/fd",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long r;

	if (dir < 0)
		return false;
	r = zag_procdir_each(dir, note_listed, open);
	zag_raw(SYS_close, dir);
	if (dir < KNOWN)
		open[dir / WORD] &= ~(UINT64_C(1) << dir % WORD);
	return r == 0;
}

static void find_open(uint64_t open[KNOWN / WORD])
{
	unsigned end = end_of_numbers();

	memset(open, 0, KNOWN / WORD * sizeof(*open));
	if (list(open))
		return;
	for (unsigned i = 0; i < end; i++)
		if (zag_raw(SYS_fcntl, i, F_GETFD) >= 0)
			set(open, i);
}

/* --- begin, end ---------------------------------------------------------- */

/* Whether n more descriptors can be had. */
static bool room_for(int fd, uint32_t n)
{
	static int last[3 * 1024];
	uint32_t got = 0;

	n = zag_min(n, (uint32_t)(sizeof(last) / sizeof(last[0])));
	while (got < n) {
		last[got] = (int)zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
		if (last[got] < 0)
			break;
		got++;
	}
	for (uint32_t i = 0; i < got; i++)
		zag_raw(SYS_close, last[i]);
	return got == n;
}

static void fill_low_numbers(int fd)
{
	while (fillers < ZAG_OWNFD_LEAST) {
		long r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);

		if (r >= ZAG_OWNFD_LEAST)
			zag_raw(SYS_close, r);
		if (r < 0 || r >= ZAG_OWNFD_LEAST)
			return;
		filler[fillers++] = (int)r;
	}
}

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

bool zag_ownfd_begin(uint32_t n)
{
	unsigned end = end_of_numbers();
	long fd;

	find_open(before);
	fd = zag_raw(SYS_eventfd2, 0, EFD_CLOEXEC);
	if (fd < 0)
		return false;
	fillers = 0;
	if (!room_for((int)fd, n)) {
		zag_raw(SYS_close, fd);
		return false;
	}
	if (end > ZAG_OWNFD_LEAST + 2 * n)
		fill_low_numbers((int)fd);
	if (fillers) /* it keeps its number taken, too */
		filler[fillers++] = (int)fd;
	else
		zag_raw(SYS_close, fd);
	return true;
}

/* Many in a row are closed by one call, where the kernel has it. */
static void close_fillers(void)
{
	while (fillers > 0) {
		int last = fillers - 1, first = last;

		while (first > 0 && filler[first - 1] == filler[first] - 1)
			first--;
		if (zag_raw(SYS_close_range, filler[first], filler[last], 0))
			zag_raw(SYS_close, filler[first = last]);
		fillers = first;
	}
}

void zag_ownfd_end(void)
{
	uint64_t open[KNOWN / WORD];

	close_fillers();
	find_open(open);
	for (int i = 0; i < KNOWN / WORD; i++)
		zag_or(&ours[i], open[i] & ~before[i]);
}

int zag_ownfd_copy(int fd)
{
	long r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, ZAG_OWNFD_LEAST);

	if (r == -EINVAL) /* above the limit */
		r = zag_raw(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
	if (r >= 0 && r < KNOWN)
		zag_or(&ours[r / WORD], UINT64_C(1) << r % WORD);
	return (int)r;
}

int zag_ownfd_move(int fd)
{
	int r = zag_ownfd_copy(fd);

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

/* First closed, so that nobody takes it for the program's own and closes it
 * when it is. */
void zag_ownfd_close(int fd)
{
	zag_raw(SYS_close, fd);
	if ((unsigned)fd < KNOWN)
		zag_and(&ours[fd / WORD], ~(UINT64_C(1) << fd % WORD));
}

bool zag_ownfd(unsigned fd)
{
	return fd < KNOWN &&
	       zag_load_rlx(&ours[fd / WORD]) >> fd % WORD & 1;
}

void zag_ownfd_reset(void)
{
	for (int i = 0; i < KNOWN / WORD; i++)
		zag_store_rlx(&ours[i], 0);
}
