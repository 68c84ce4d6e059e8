/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads of regular files, directories and block devices. */
#include "wrap/io_file.h"

#include <linux/magic.h>
#include <sys/statfs.h>

#include "wrap/io_core.h"

long zag_file_call(long nr, int fd, const struct iovec *v, int n, long off,
		   int flags)
{
	return zag_offload_raw(nr, fd, v, n, off, 0, flags);
}

/* File systems whose reads may wait for another machine or process. */
static bool is_remote(int fd)
{
	static const long remote[] = {
		FUSE_SUPER_MAGIC, NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,
		CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, V9FS_MAGIC,
		CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC, AFS_FS_MAGIC,
		CODA_SUPER_MAGIC, OCFS2_SUPER_MAGIC,
	};
	struct statfs s;

	if (zag_raw(SYS_fstatfs, fd, &s) < 0)
		return false;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((long)s.f_type == remote[i])
			return true;
	return false;
}

/* By the old calls: they are faster, and some files have no other. */
static long read_plain(int fd, const struct iovec *v, int n, long off)
{
	if (n == 1 && off < 0)
		return zag_raw(SYS_read, fd, v->iov_base, v->iov_len);
	if (n == 1)
		return zag_raw(SYS_pread64, fd, v->iov_base, v->iov_len, off);
	if (off < 0)
		return zag_raw(SYS_readv, fd, v, n);
	return zag_raw(SYS_preadv, fd, v, n, off, 0);
}

/* Of tmpfs and procfs, which answer at once, but for /proc/kmsg and its like. */
static long read_standing(int fd, const struct iovec *v, int n, long off)
{
	if (n == 1 && off < 0)
		return zag_stand_raw(true, SYS_read, fd, v->iov_base,
				     v->iov_len, 0, 0, 0);
	if (n == 1)
		return zag_stand_raw(true, SYS_pread64, fd, v->iov_base,
				     v->iov_len, off, 0, 0);
	if (off < 0)
		return zag_stand_raw(true, SYS_readv, fd, v, n, 0, 0, 0);
	return zag_stand_raw(true, SYS_preadv, fd, v, n, off, 0, 0);
}

/* Without RWF_NOWAIT. */
static long read_unaware(int fd, const struct iovec *v, int n, long off)
{
	if (is_remote(fd))
		return zag_file_call(SYS_preadv2, fd, v, n, off, 0);
	zag_fd_set_plain(fd, ZAG_FD_PLAIN_ALWAYS);
	return read_standing(fd, v, n, off);
}

/*
 * preadv2 costs a fifth more than pread.  A file that is all in the page cache
 * is read plainly for a while; if some of it is evicted meanwhile, handoff
 * covers for the disk.
 */
static bool is_all_cached(int fd)
{
	enum { PAGE = 4096, PAGES_MOST = 4096, CACHESTAT = 451 };
	const struct { uint64_t from, len; } range = { 0, 0 };
	struct { uint64_t cached, dirty, writeback, evicted, recently; } c;
	struct stat st;
	uint64_t pages;

	if (zag_raw(SYS_fstat, fd, &st) < 0 || st.st_size <= 0)
		return false;
	pages = ((uint64_t)st.st_size + PAGE - 1) / PAGE;
	return pages <= PAGES_MOST &&
	       zag_raw(CACHESTAT, fd, &range, &c, 0) >= 0 && c.cached >= pages;
}

static void note_hit(int fd)
{
	enum { HITS = 32, READS = 256 };

	if (zag_fd_hits(fd) % HITS == 0 && is_all_cached(fd))
		zag_fd_set_plain(fd, READS);
}

/* One part, from the page cache if all of it is there.  -EOPNOTSUPP: it cannot
 * be asked for that. */
static long read_part(int fd, const struct iovec *v, int n, long off)
{
	long r = zag_sys_nowait(SYS_preadv2, fd, v, n, off);

	if (r == -EAGAIN)
		return zag_file_call(SYS_preadv2, fd, v, n, off, 0);
	return r;
}

/* The cache had a part: the rest, until all is read or the file ends. */
static long read_rest(int fd, const struct iovec *v, int n, long off,
		      size_t done, size_t len)
{
	struct iovec piece[ZAG_IOV_PIECE];
	long r;

	while (done < len) {
		int k = zag_iov_rest(v, (size_t)n, done, len - done, piece);

		r = read_part(fd, piece, k,
			      off < 0 ? -1 : off + (long)done);
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	return (long)done;
}

static long read_all(int fd, const struct iovec *v, int n, long off)
{
	long r = read_part(fd, v, n, off);
	size_t len;

	if (r <= 0)
		return r;
	len = zag_iov_len(v, (size_t)n);
	if ((size_t)r < len)
		return read_rest(fd, v, n, off, (size_t)r, len);
	note_hit(fd);
	return r;
}

/*
 * At the position, a read is one step to other readers of the descriptor,
 * however many calls it takes: records must not be torn.
 */
static long read_in_one(int fd, const struct iovec *v, int n, long off)
{
	struct zag_mutex *lock;
	long r;

	if (off >= 0)
		return read_all(fd, v, n, off);
	lock = zag_fd_accept_lock(fd);
	zag_mutex_lock(lock);
	r = read_all(fd, v, n, off);
	zag_mutex_unlock(lock);
	return r;
}

long zag_file_read(int fd, const struct iovec *v, int n, long off)
{
	uint32_t plain = zag_fd_take_plain(fd);
	long r;

	if (plain == ZAG_FD_PLAIN_ALWAYS)
		return read_standing(fd, v, n, off);
	if (plain)
		return read_plain(fd, v, n, off);
	r = read_in_one(fd, v, n, off);
	return r == -EOPNOTSUPP ? read_unaware(fd, v, n, off) : r;
}
