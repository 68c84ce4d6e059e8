/* SPDX-License-Identifier: BSD-2-Clause */
/* Children: pthread_atfork, _Fork, vfork, clone. */
#include "config.h"

#include "wrap/real.h"

#include "base/ownfd.h"
#include "base/raw.h"
#include "ctl/fork.h"
#include "loop/fdwait.h"
#include "wrap/io_poll.h"

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

/* --- vfork ---------------------------------------------------------------- */

static bool is_ready(struct pollfd *fds, int n)
{
	const struct timespec now = { 0 };

	return zag_raw(SYS_ppoll, fds, n, &now, NULL, 0) > 0;
}

/* Until the child has closed its end, by exec or another way, or has ended and
 * left it to a child of its own. */
static void wait_for_child(int end, pid_t pid)
{
	struct pollfd fds[2] = { { .fd = end, .events = POLLIN } };
	int n = 1;

	fds[1].fd = zag_ownfd_move((int)zag_raw(SYS_pidfd_open, pid, 0));
	fds[1].events = POLLIN;
	n += fds[1].fd >= 0;
	zag_wait_no_point = true;
	while (!is_ready(fds, n))
		if (zag_on_fiber())
			zag_poll_wait(fds, (nfds_t)n, ZAG_NEVER);
		else
			zag_raw(SYS_ppoll, fds, n, NULL, NULL, 0);
	zag_wait_no_point = false;
	for (int i = 0; i < n; i++) {
		zag_fd_forget(fds[i].fd);
		zag_ownfd_close(fds[i].fd);
	}
}

/*
 * A child that shares the parent's memory would change the parent's masks and
 * tables with every interposed call; POSIX lets vfork be fork.  The parent
 * waits all the same: programs rely on the order.
 */
ZAG_EXPORT pid_t vfork(void)
{
	int end[2];
	bool waits = zag_ownfd_pipe(end); /* the child may use low numbers */
	pid_t pid = fork();
	int err = errno;

	if (!waits)
		return pid;
	if (pid)
		zag_ownfd_close(end[1]);
	if (pid > 0)
		wait_for_child(end[0], pid);
	else
		zag_ownfd_close(end[0]);
	errno = err;
	return pid;
}

ZAG_ALIAS(__vfork, vfork);

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

ZAG_ALIAS(__clone, clone);
