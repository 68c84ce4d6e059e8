/* SPDX-License-Identifier: BSD-2-Clause */
/* fsync and the like: the disk's work, on a helper. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

ZAG_EXPORT int fsync(int fd)
{
	if (!zag_on_fiber())
		return ZAG_REAL(fsync)(fd);
	return (int)ZAG_POINT(zag_offload_raw(SYS_fsync, fd, 0, 0, 0, 0, 0));
}

ZAG_EXPORT int fdatasync(int fd)
{
	if (!zag_on_fiber())
		return ZAG_REAL(fdatasync)(fd);
	return (int)ZAG_POINT(zag_offload_raw(SYS_fdatasync, fd, 0, 0, 0, 0, 0));
}

ZAG_EXPORT int syncfs(int fd)
{
	if (!zag_on_fiber())
		return ZAG_REAL(syncfs)(fd);
	return (int)zag_ret(zag_offload_raw(SYS_syncfs, fd, 0, 0, 0, 0, 0));
}

ZAG_EXPORT void sync(void)
{
	if (!zag_on_fiber())
		ZAG_REAL(sync)();
	else
		zag_offload_raw(SYS_sync, 0, 0, 0, 0, 0, 0);
}

ZAG_EXPORT int sync_file_range(int fd, off64_t from, off64_t len,
			       unsigned int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(sync_file_range)(fd, from, len, flags);
	return (int)ZAG_POINT(zag_offload_raw(SYS_sync_file_range, fd, from, len,
					    flags, 0, 0));
}

ZAG_EXPORT int msync(void *addr, size_t len, int flags)
{
	if (!(flags & MS_SYNC) || !zag_on_fiber())
		return ZAG_REAL(msync)(addr, len, flags);
	return (int)ZAG_POINT(zag_offload_raw(SYS_msync, addr, len, flags, 0, 0,
					    0));
}
