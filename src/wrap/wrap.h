/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every interposer needs.  Three names per call:
 *
 *	read		exported: guard, call
 *	zag_io_read	the logic; returns >= 0 or -errno, never touches errno
 *	zag_real_read	libc's own, ZAG_REAL(read)
 *
 * An interposer passes straight through unless it runs on a fiber.  The real
 * functions are resolved by the constructor (real.c); until then ZAG_REAL(x)
 * is a raw system call, or NULL where there is no such call.
 */
#ifndef ZAG_WRAP_WRAP_H
#define ZAG_WRAP_WRAP_H

#include <errno.h>

#include "base/compiler.h"
#include "fiber/fiber.h"

#define ZAG_REAL(name) zag_real_##name

/* For each interposed call NAME: extern __typeof__(NAME) *zag_real_NAME; the
 * header that owns a call group declares its own with this. */
#define ZAG_DECLARE_REAL(name) extern __typeof__(name) *zag_real_##name

/* Whether this is a fiber of ours: else pass through. */
static inline bool zag_on_fiber(void)
{
	return zag_fiber_self() != NULL;
}

/* The kernel's way of returning to libc's: -errno to -1 and errno. */
static inline long zag_ret(long r)
{
	if (zag_unlikely((unsigned long)r > -4096UL)) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

#endif
