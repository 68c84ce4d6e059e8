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
#include "ctl/cancel.h"
#include "fiber/fiber.h"
#include "sched/sched.h"

#define ZAG_REAL(name)                                                    \
	(zag_likely(zag_real_##name) ?                                    \
		 zag_real_##name :                                        \
		 (__typeof__(zag_real_##name))zag_real_find(              \
			 #name, (void **)&zag_real_##name))

/* libc's function of that name, into *real: for who is the first to call it
 * before the runtime boots, or even our constructor has run, as a sanitizer's
 * start-up does. */
void *zag_real_find(const char *name, void **real)
	__attribute__((visibility("hidden")));

/* For each interposed call NAME: extern __typeof__(NAME) *zag_real_NAME; the
 * header that owns a call group declares its own with this. */
#define ZAG_DECLARE_REAL(name) extern __typeof__(name) *zag_real_##name

/* Whether this is a fiber of ours: else pass through. */
static inline bool zag_on_fiber(void)
{
	return zag_fiber_self() != NULL;
}

/* A call that a cancellation has ended is acted on where nothing of it is left
 * to put in order: at the exported function, whatever way it returns. */
static inline long zag_acted(long r)
{
	return zag_unlikely(r == -ZAG_ECANCEL) ? zag_cancel_act() : r;
}

/* The kernel's way of returning to libc's: -errno to -1 and errno. */
static inline long zag_ret(long r)
{
	if (zag_unlikely((unsigned long)r > -4096UL)) {
		errno = (int)-zag_acted(r);
		return -1;
	}
	return r;
}

/*
 * A cancellation point, POSIX.1-2017 XSH 2.9.5.2 and what else glibc makes one:
 * a cancellation that is pending is acted on before the call is made, even if
 * it would not block.  Before it a turn of the caller's that has lasted ends.
 * The value is the call's, or -errno; ZAG_POINT returns it as libc's do.
 */
#define ZAG_POINT_VALUE(call) \
	(zag_sched_call(), zag_acted(zag_cancel_check() ?: (long)(call)))
#define ZAG_POINT(call) zag_ret(ZAG_POINT_VALUE(call))

/* The same for a call that is to fail once its fiber's calls are to fail, even
 * if it would not block: whoever always has something to do would never end. */
#define ZAG_POINT_IO(call) ZAG_POINT(zag_cancel_failed() ?: (long)(call))

/* A call that waits as such a one does, and is none. */
#define ZAG_NO_POINT_VALUE(call)                                          \
	({                                                                \
		long result_;                                             \
                                                                          \
		zag_wait_no_point = true;                                 \
		zag_fiber_call_begins(zag_fiber_self());                  \
		result_ = (call);                                         \
		zag_wait_no_point = false;                                \
		result_;                                                  \
	})
#define ZAG_NO_POINT(call) zag_ret(ZAG_NO_POINT_VALUE(call))

/* A cancellation point where the call comes later. */
static inline void zag_point(void)
{
	zag_acted(zag_cancel_check());
}

#endif
