/* SPDX-License-Identifier: BSD-2-Clause */
/* Children: pthread_atfork, _Fork, clone. */
#include "config.h"

#include "wrap/real.h"

#include "base/raw.h"
#include "ctl/fork.h"

/*
 * The runtime's own handler is the first to run in a child.  A program's may
 * unlock a mutex that fibers of the parent wait for: there must be no runtime
 * any more by then.  pthread_atfork(3) is in libc_nonshared.a and calls this.
 */
ZAG_EXPORT int __register_atfork(void (*prepare)(void), void (*parent)(void),
				 void (*child)(void), void *dso)
{
	zag_fork_watch(ZAG_REAL(__register_atfork));
	return ZAG_REAL(__register_atfork)(prepare, parent, child, dso);
}

/* As fork, without handlers.  Async-signal-safe: so is what we do there. */
ZAG_EXPORT pid_t _Fork(void)
{
	pid_t pid = ZAG_REAL(_Fork)();

	if (!pid)
		zag_fork_in_child();
	return pid;
}

/* --- clone ---------------------------------------------------------------- */

struct start {
	int (*fn)(void *arg);
	void *arg;
};

/* In a child that has a copy of our memory, its parent's stack too. */
static int start_child(void *arg)
{
	const struct start *s = arg;

	zag_fork_in_child();
	return s->fn(s->arg);
}

/* Threads, and children that share the memory, are the program's affair. */
ZAG_EXPORT int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
	struct start s = { fn, arg };
	pid_t *parent_tid, *child_tid;
	va_list ap;
	void *tls;

	va_start(ap, arg);
	parent_tid = va_arg(ap, pid_t *);
	tls = va_arg(ap, void *);
	child_tid = va_arg(ap, pid_t *);
	va_end(ap);
	if (!zag_on_fiber() || (flags & CLONE_VM))
		return ZAG_REAL(clone)(fn, stack, flags, arg, parent_tid, tls,
				       child_tid);
	return ZAG_REAL(clone)(start_child, stack, flags, &s, parent_tid, tls,
			       child_tid);
}
