/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_atfork: the runtime's own handler is the first to run in a child. */
#include "config.h"

#include "wrap/real.h"

#include "ctl/fork.h"

/*
 * A program's child handler may unlock a mutex that fibers of the parent wait
 * for: there must be no runtime any more by then.  pthread_atfork(3) is in
 * libc_nonshared.a and calls this.
 */
ZAG_EXPORT int __register_atfork(void (*prepare)(void), void (*parent)(void),
				 void (*child)(void), void *dso)
{
	zag_fork_watch(ZAG_REAL(__register_atfork));
	return ZAG_REAL(__register_atfork)(prepare, parent, child, dso);
}
