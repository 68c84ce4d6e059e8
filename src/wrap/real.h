/* SPDX-License-Identifier: BSD-2-Clause */
/* libc's own functions behind the interposed names: zag_real_NAME. */
#ifndef ZAG_WRAP_REAL_H
#define ZAG_WRAP_REAL_H

#include "wrap/libc.h"
#include "wrap/wrap.h"

#define ZAG_REAL_EXTERN(name) \
	extern __typeof__(name) *zag_real_##name \
		__attribute__((visibility("hidden")));
#define ZAG_CALL_PARKS(name) ZAG_REAL_EXTERN(name)
#define ZAG_CALL_OFFLOADS(name) ZAG_REAL_EXTERN(name)
#define ZAG_CALL_THREAD(name) ZAG_REAL_EXTERN(name)
#define ZAG_CALL_PASSES(name)
#define ZAG_CALL_UNSUPPORTED(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)
#include "base/calls.def"
#undef ZAG_CALL_PARKS
#undef ZAG_CALL_OFFLOADS
#undef ZAG_CALL_THREAD
#undef ZAG_CALL_PASSES
#undef ZAG_CALL_UNSUPPORTED

/*
 * Find libc's functions that are system calls.  Before that, and where libc
 * lacks one, the pointer makes the call and needs nothing.
 * Context: the constructor, once.
 */
void zag_real_init(void);

/* Find all others that nobody has called yet.  Boot. */
void zag_real_find_all(void);

/* Where libc's function `name` is to lead: a row of ZAG_JUMP. */
struct zag_real_jump {
	const char *name;
	const void *to;
};

extern const struct zag_real_jump zag_real_jumps[]
	__attribute__((visibility("hidden")));
extern const int zag_real_jump_count __attribute__((visibility("hidden")));

/* What libc's sigaction is but a check for; found by the next. */
extern __typeof__(sigaction) *zag_real_libc_sigaction
	__attribute__((visibility("hidden")));

/* From now on zag_real_NAME of each makes the system call itself.  False: libc
 * lacks what that takes.  Boot, the only thread. */
bool zag_real_use_calls(void);

#endif
