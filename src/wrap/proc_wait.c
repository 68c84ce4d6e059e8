/* SPDX-License-Identifier: BSD-2-Clause */
/* wait, waitpid, wait3, wait4, waitid. */
#include "wrap/libc.h"

#include "fiber/why.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { STOPS = WUNTRACED | WCONTINUED }; /* WUNTRACED is WSTOPPED */

/*
 * One child's end is an event of its pidfd.  Of "any child", of a group, of a
 * stop, there is none, and a helper thread in waitid could not be
 * interrupted: look again at longer and longer intervals.
 */
struct child_wait {
	int pidfd;	   /* -1: none */
	pid_t pid;	   /* whom, for who looks on */
	bool mine;	   /* … and to be closed */
	zag_time interval; /* until the next look */
};

#define FIRST_LOOK (ZAG_NSEC / 4000)
#define LAST_LOOK (ZAG_NSEC / 32)

/* A sleep that SA_RESTART restarts, unlike nanosleep. */
static long sleep_restarting(zag_time deadline)
{
	struct zag_wait w;

	enum zag_wake reason;

	zag_wait_begin(&w);
	reason = zag_wait_sleep(&w, deadline);
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(true);
	return reason == ZAG_WAKE_TIMEOUT ? 0 : zag_wake_errno(reason);
}

/* 0: look again; -EINTR. */
static long park(struct child_wait *w)
{
	long r;

	zag_why_set(&zag_why_child, (uintptr_t)w->pid);
	if (w->pidfd >= 0)
		return zag_fd_wait(w->pidfd, ZAG_IN, ZAG_NEVER);
	r = sleep_restarting(zag_now() + w->interval);
	w->interval = zag_min(2 * w->interval, LAST_LOOK);
	return r;
}

/* The pidfd that tells all that is asked for; -1: there is none. */
static int event_of(pid_t pid, int options)
{
	long fd;

	/* Who asks for clones or for all traces: stops are reported, too. */
	if (pid <= 0 || (options & (STOPS | __WCLONE | __WALL)))
		return -1;
	fd = zag_raw(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -1 : (int)fd;
}

/* Also when a handler that runs in the wait leaves it for good. */
static void event_close(struct child_wait *w)
{
	if (!w->mine)
		return;
	zag_fd_forget(w->pidfd);
	zag_raw(SYS_close, w->pidfd);
}

static void event_open(struct child_wait *w, pid_t pid, int options)
{
	w->pidfd = event_of(pid, options);
	w->mine = w->pidfd >= 0;
}

#define CHILD_WAIT(pid) __attribute__((cleanup(event_close))) \
	= { -1, (pid), false, FIRST_LOOK }

static long try_wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	return zag_raw(SYS_wait4, pid, status, options | WNOHANG, ru);
}

static long zag_proc_wait4(pid_t pid, int *status, int options,
			   struct rusage *ru)
{
	struct child_wait w CHILD_WAIT(pid);
	long r;

	/* A kernel thread's own children: only it can wait for them. */
	if (options & __WNOTHREAD)
		return zag_raw(SYS_wait4, pid, status, options, ru);
	r = try_wait4(pid, status, options, ru);
	if (r || (options & WNOHANG))
		return r;
	event_open(&w, pid, options);
	do {
		r = park(&w);
		if (r == 0)
			r = try_wait4(pid, status, options, ru);
	} while (!r);
	return r;
}

/* 1: info tells of a child, 0: none has anything to say yet. */
static long try_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	long r = zag_raw(SYS_waitid, type, id, info, options | WNOHANG, NULL);

	return r < 0 ? r : info->si_pid != 0;
}

static long waitid_loop(struct child_wait *w, idtype_t type, id_t id,
			siginfo_t *info, int options)
{
	long r;

	do {
		r = park(w);
		if (r == 0)
			r = try_waitid(type, id, info, options);
	} while (!r);
	return r < 0 ? r : 0;
}

static long waitid_wait(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct child_wait w CHILD_WAIT((pid_t)id);

	if (type == P_PIDFD && !(options & (STOPS | __WCLONE | __WALL)))
		w.pidfd = (int)id;
	else if (type == P_PID && (options & WEXITED))
		event_open(&w, (pid_t)id, options);
	return waitid_loop(&w, type, id, info, options);
}

static long zag_proc_waitid(idtype_t type, id_t id, siginfo_t *info,
			    int options)
{
	siginfo_t none;
	long r;

	if ((options & (WNOHANG | __WNOTHREAD)) ||
	    (type == P_PIDFD && zag_fd_nonblocking((int)id)))
		return zag_raw(SYS_waitid, type, id, info, options, NULL);
	if (!info)
		info = &none;
	r = try_waitid(type, id, info, options);
	if (r)
		return r < 0 ? r : 0;
	return waitid_wait(type, id, info, options);
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
