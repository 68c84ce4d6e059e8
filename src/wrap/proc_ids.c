/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Credentials: setuid and kin, setfsuid, setgroups, initgroups.
 *
 * libc's function decides, and changes the threads that libc knows; then ours
 * are changed.  One of them may have had libc make a thread in between, so
 * libc's is called once more: what it did it can do again.
 */
#include "config.h"

#include "wrap/real.h"

#include "base/log.h"
#include "base/page.h"
#include "ctl/setxid.h"

#define SETXID(name, params, args, ...)                                   \
	ZAG_EXPORT int name params                                        \
	{                                                                 \
		int r_;                                                   \
                                                                          \
		if (!zag_setxid_begin())                                  \
			return ZAG_REAL(name) args;                       \
		r_ = ZAG_REAL(name) args;                                 \
		if (!r_) {                                                \
			zag_setxid_spread(__VA_ARGS__);                   \
			r_ = ZAG_REAL(name) args;                         \
			ZAG_BUG_ON(r_);                                   \
		}                                                         \
		zag_setxid_end();                                         \
		return r_;                                                \
	}

SETXID(setuid, (uid_t u), (u), SYS_setuid, u, 0, 0)
SETXID(setgid, (gid_t g), (g), SYS_setgid, g, 0, 0)
SETXID(seteuid, (uid_t e), (e), SYS_setresuid, -1, e, -1)
SETXID(setegid, (gid_t e), (e), SYS_setresgid, -1, e, -1)
SETXID(setreuid, (uid_t r, uid_t e), (r, e), SYS_setreuid, r, e, 0)
SETXID(setregid, (gid_t r, gid_t e), (r, e), SYS_setregid, r, e, 0)
SETXID(setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), SYS_setresuid, r, e,
       s)
SETXID(setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s), SYS_setresgid, r, e,
       s)
SETXID(setgroups, (size_t n, const gid_t *list), (n, list), SYS_setgroups,
       (long)n, (long)list, 0)

/*
 * These are a thread's own, natively; a fiber has no kernel thread of its own.
 * They return what was, and say by that only, when called again, whether they
 * have done anything.
 */
#define SETFSID(name, type)                                        \
	ZAG_EXPORT int name(type id)                               \
	{                                                          \
		int was_;                                          \
                                                                   \
		if (!zag_setxid_begin())                           \
			return ZAG_REAL(name)(id);                 \
		was_ = ZAG_REAL(name)(id);                         \
		if (ZAG_REAL(name)((type)-1) == (int)id)           \
			zag_setxid_spread(SYS_##name, id, 0, 0);   \
		zag_setxid_end();                                  \
		return was_;                                       \
	}

SETFSID(setfsuid, uid_t)
SETFSID(setfsgid, gid_t)

/* The groups of user; NULL: no memory.  To be given back. */
static gid_t *groups_of(const char *user, gid_t group, int *n)
{
	gid_t *list = NULL, *more;

	*n = 64;
	for (;;) {
		more = zag_heap_realloc(list, *n * (long)sizeof(*list));
		if (!more)
			break;
		list = more;
		/* It does not fit: now n says how many there are. */
		if (getgrouplist(user, group, list, n) >= 0)
			return list;
	}
	zag_heap_realloc(list, 0);
	return NULL;
}

/* libc's own calls its own setgroups.  As there, what the kernel does not take
 * for their number is made fewer. */
ZAG_EXPORT int initgroups(const char *user, gid_t group)
{
	int n, r;
	gid_t *list = groups_of(user, group, &n);

	if (!list)
		return (int)zag_ret(-ENOMEM);
	do
		r = setgroups((size_t)n, list);
	while (r < 0 && errno == EINVAL && --n > 0);
	zag_heap_realloc(list, 0);
	return r;
}
