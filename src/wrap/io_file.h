/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files: the page cache at once, the disk by a helper thread. */
#ifndef ZAG_WRAP_IO_FILE_H
#define ZAG_WRAP_IO_FILE_H

#include "wrap/libc.h"

/*
 * As preadv(2) of a blocking descriptor of a file; off -1: at the position,
 * which moves.  Context: fiber.
 */
long zag_file_read(int fd, const struct iovec *v, int n, long off);

/* preadv2 or pwritev2 (nr) with flags that only a helper can wait for. */
long zag_file_call(long nr, int fd, const struct iovec *v, int n, long off,
		   int flags);

#endif
