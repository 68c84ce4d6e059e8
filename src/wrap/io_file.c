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

/* Without RWF_NOWAIT: tmpfs and procfs answer at once. */
static long read_plain(int fd, const struct iovec *v, int n, long off)
{
	if (is_remote(fd))
		return zag_file_call(SYS_preadv2, fd, v, n, off, 0);
	if (off < 0) /* of the old calls, some files have no other */
		return zag_raw(SYS_readv, fd, v, n);
	return zag_raw(SYS_preadv, fd, v, n, off, 0);
}

/* One part, from the page cache if all of it is there. */
static long read_part(int fd, const struct iovec *v, int n, long off)
{
	long r = zag_sys_nowait(SYS_preadv2, fd, v, n, off);

	if (r == -EAGAIN)
		return zag_file_call(SYS_preadv2, fd, v, n, off, 0);
	if (r == -EOPNOTSUPP)
		return read_plain(fd, v, n, off);
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

	if (r <= 0)
		return r;
	return read_rest(fd, v, n, off, (size_t)r,
			 zag_iov_len(v, (size_t)n));
}

/*
 * At the position, a read is one step to other readers of the descriptor,
 * however many calls it takes: records must not be torn.
 */
long zag_file_read(int fd, const struct iovec *v, int n, long off)
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
