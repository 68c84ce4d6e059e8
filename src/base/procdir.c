/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of /proc whose entries are numbers. */
#include "config.h"

#include "base/procdir.h"

#include <stdbool.h>

#include "base/compiler.h"
#include "base/raw.h"

struct linux_dirent64 { /* of getdents64(2) */
	uint64_t ino;
	int64_t off;
	uint16_t size;
	uint8_t type;
	char name[];
};

static bool is_number(const char *name, uint32_t *number)
{
	uint32_t n = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		n = n * 10 + (uint32_t)(*name - '0');
	*number = n;
	return !*name; /* the others are "." and ".." */
}

long zag_procdir_each(long fd, zag_procdir_fn *fn, void *arg)
{
	char buf[2048] ZAG_ALIGNED(8);
	uint32_t number;
	long n;

	while ((n = zag_raw(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n;) {
			const struct linux_dirent64 *d =
				(const void *)(buf + at);

			if (is_number(d->name, &number))
				fn(number, arg);
			at += d->size;
		}
	return n;
}
