/* SPDX-License-Identifier: BSD-2-Clause */
/* wait, waitpid, wait3, wait4, waitid. */
#include "wrap/libc.h"

#include "base/ownfd.h"
#include "fiber/why.h"
#include "wait/turn.h"
#include "wrap/held.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { STOPS = WUNTRACED | WCONTINUED }; /* WUNTRACED is WSTOPPED */

/*
 * Our pidfds stand above the numbers that programs use, and are not many, so
 * that a program does not run out of descriptors earlier than without us.
 */
enum { PIDFD_END = ZAG_OWNFD_LEAST + 256 };

/* Whom a call waits for, as waitid(2) has it, and the call itself. */
struct child_wait {
	idtype_t type;
	id_t id;
	int options;
	/* The call with WNOHANG: its result, 0: nobody has anything to say. */
	long (*try)(const struct child_wait *w);
	pid_t pid;
	int *status;
	struct rusage *usage;
	siginfo_t *info;
};

/*
 * Of "any child", of a group, of a stop no descriptor tells.  A helper waits
 * for it in the kernel and takes nothing; one for all who wait for the same.
 */
static long wait_in_turn(const struct child_wait *w)
{
	const struct zag_syscall *call =
		ZAG_SYSCALL(SYS_waitid, w->type, w->id, NULL,
			    w->options | WNOWAIT, NULL, 0);
	struct zag_turn turn = {
		.key = { ~0ull, w->type, w->id, (unsigned int)w->options }
	};
	struct zag_held held ZAG_HELD;
	zag_time interval = 0;
	long r;

	zag_held_begin(&held, zag_turn_leave, &turn);
	zag_why_set(&zag_why_child, (uintptr_t)w->pid);
	r = zag_turn_enter(&turn, true);
	if (r < 0)
		return r;
	while (!(r = w->try(w))) {
		zag_why_set(&zag_why_child, (uintptr_t)w->pid);
		if (!zag_blocking_call(call, ZAG_NEVER, true, &r))
			r = zag_backoff(&interval, ZAG_NEVER, true);
		if (r == -EINTR || r == -ZAG_ECANCEL)
			break;
	}
	return r;
}

static void event_close(void *arg)
{
	int *fd = arg;

	if (*fd < 0)
		return;
	zag_fd_forget(*fd);
	zag_ownfd_close(*fd);
	*fd = -1;
}

/* The pidfd that tells all that is asked for; -1: there is none. */
static int event_of(const struct child_wait *w)
{
	int fd;

	/* Who asks for clones or for all traces: stops are reported, too. */
	if (w->type != P_PID || !(w->options & WEXITED) ||
	    (w->options & (STOPS | __WCLONE | __WALL)))
		return -1;
	fd = zag_ownfd_move((int)zag_raw(SYS_pidfd_open, w->id, 0));
	if (fd >= PIDFD_END) {
		zag_ownfd_close(fd);
		return -1;
	}
	return fd < 0 ? -1 : fd;
}

static long wait_event(const struct child_wait *w, int fd)
{
	long r;

	do {
		zag_why_set(&zag_why_child, (uintptr_t)w->pid);
		r = zag_fd_wait(fd, ZAG_IN, ZAG_NEVER);
		if (r == 0)
			r = w->try(w);
	} while (!r);
	return r;
}

static long wait_with_event(const struct child_wait *w)
{
	struct zag_held held ZAG_HELD;
	int fd = -1;

	zag_held_begin(&held, event_close, &fd);
	zag_lock_begin(); /* no handler comes before it is known */
	fd = event_of(w);
	zag_lock_end();
	return fd < 0 ? wait_in_turn(w) : wait_event(w, fd);
}

static long wait_child(const struct child_wait *w)
{
	long r = w->try(w);

	if (r)
		return r;
	if (w->type == P_PIDFD && !(w->options & (STOPS | __WCLONE | __WALL)))
		return wait_event(w, (int)w->id);
	return wait_with_event(w);
}

static long try_wait4(const struct child_wait *w)
{
	return zag_raw(SYS_wait4, w->pid, w->status,
		       (w->options & ~WEXITED) | WNOHANG, w->usage);
}

/* waitpid's way to say whom, as waitid says it. */
static void set_whom(struct child_wait *w, pid_t pid)
{
	w->type = pid > 0 ? P_PID : pid == -1 ? P_ALL : P_PGID;
	w->id = pid > 0 ? (id_t)pid : pid == -1 ? 0 : -(id_t)pid;
}

static long zag_proc_wait4(pid_t pid, int *status, int options,
			   struct rusage *ru)
{
	struct child_wait w = {
		.options = options | WEXITED,
		.try = try_wait4,
		.pid = pid,
		.status = status,
		.usage = ru,
	};

	/* A kernel thread's own children: only it can wait for them. */
	if ((options & (__WNOTHREAD | WNOHANG | WEXITED)))
		return zag_raw(SYS_wait4, pid, status, options, ru);
	set_whom(&w, pid);
	return wait_child(&w);
}

/* 1: info tells of a child, 0: none has anything to say yet. */
static long try_waitid(const struct child_wait *w)
{
	long r = zag_raw(SYS_waitid, w->type, w->id, w->info,
			 w->options | WNOHANG, w->usage);

	return r < 0 ? r : w->info->si_pid != 0;
}

static long zag_proc_waitid(idtype_t type, id_t id, siginfo_t *info,
			    int options)
{
	siginfo_t none;
	struct child_wait w = {
		.type = type,
		.id = id,
		.options = options,
		.try = try_waitid,
		.pid = (pid_t)id,
		.info = info ? info : &none,
	};
	long r;

	if ((options & (WNOHANG | __WNOTHREAD)) ||
	    (type == P_PIDFD && zag_fd_nonblocking((int)id)))
		return zag_raw(SYS_waitid, type, id, info, options, NULL);
	r = wait_child(&w);
	return r < 0 ? r : 0;
}

ZAG_EXPORT pid_t wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	if (!zag_on_fiber())
		return ZAG_REAL(wait4)(pid, status, options, ru);
	return (pid_t)ZAG_POINT(zag_proc_wait4(pid, status, options, ru));
}

ZAG_EXPORT pid_t wait3(int *status, int options, struct rusage *ru)
{
	if (!zag_on_fiber())
		return ZAG_REAL(wait3)(status, options, ru);
	return (pid_t)ZAG_POINT(zag_proc_wait4(-1, status, options, ru));
}

ZAG_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
	if (!zag_on_fiber())
		return ZAG_REAL(waitpid)(pid, status, options);
	return (pid_t)ZAG_POINT(zag_proc_wait4(pid, status, options, NULL));
}

ZAG_ALIAS(__waitpid, waitpid);

ZAG_EXPORT pid_t wait(int *status)
{
	if (!zag_on_fiber())
		return ZAG_REAL(wait)(status);
	return (pid_t)ZAG_POINT(zag_proc_wait4(-1, status, 0, NULL));
}

ZAG_ALIAS(__wait, wait);

ZAG_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	if (!zag_on_fiber())
		return ZAG_REAL(waitid)(type, id, info, options);
	return (int)ZAG_POINT(zag_proc_waitid(type, id, info, options));
}
