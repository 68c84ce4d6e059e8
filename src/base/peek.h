/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of this process that may not be there, or go while it is read. */
#ifndef ZAG_BASE_PEEK_H
#define ZAG_BASE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/raw.h"

/* As much as can be read of a range, which may end in a hole.  Any context. */
static inline size_t zag_peek_some(uintptr_t from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };
	long r = zag_raw(SYS_process_vm_readv, zag_raw(SYS_getpid), &local, 1,
			 &remote, 1, 0);

	return r > 0 ? (size_t)r : 0;
}

/* All of it, or false. */
static inline bool zag_peek(uintptr_t from, void *to, size_t size)
{
	return zag_peek_some(from, to, size) == size;
}

#endif
