/* SPDX-License-Identifier: BSD-2-Clause */
/* wait, waitpid, wait3, wait4, waitid. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Options that choose among children, for the same choice by waitid. */
enum {
	CHOICE = __WALL | __WCLONE | __WNOTHREAD,
	STOPS = WUNTRACED | WCONTINUED, /* WUNTRACED is WSTOPPED */
};

/*
 * Wait for the end of one child by its pidfd.  A child that is traced stops,
 * and no event tells: look again, at longer and longer intervals.
 */
struct pidfd_wait {
	int fd;
	zag_time interval; /* until the next look */
};

#define PIDFD_FIRST_LOOK (ZAG_NSEC / 1000)
#define PIDFD_LAST_LOOK (64 * ZAG_NSEC)

static long pidfd_park(struct pidfd_wait *w)
{
	long r = zag_fd_wait(w->fd, ZAG_IN, zag_now() + w->interval);

	w->interval = zag_min(2 * w->interval, PIDFD_LAST_LOOK);
	return r == -ETIMEDOUT ? 0 : r;
}

static void pidfd_close(int fd)
{
	zag_fd_forget(fd);
	zag_raw(SYS_close, fd);
}

/* Wait on a helper thread until a call with WNOHANG has something to say. */
static long wait_offloaded(idtype_t type, id_t id, int options)
{
	return zag_offload_raw(SYS_waitid, type, id, NULL,
			       (options & ~WNOHANG) | WNOWAIT, NULL, 0);
}

/* pid as in waitpid(2). */
static long wait_any(pid_t pid, int options)
{
	options = (options & (CHOICE | STOPS)) | WEXITED;
	if (pid > 0)
		return wait_offloaded(P_PID, (id_t)pid, options);
	if (pid == -1)
		return wait_offloaded(P_ALL, 0, options);
	return wait_offloaded(P_PGID,
			      pid ? (id_t)-pid
				  : (id_t)zag_raw(SYS_getpgid, 0),
			      options);
}

static long try_wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	return zag_raw(SYS_wait4, pid, status, options | WNOHANG, ru);
}

/* Somebody else may reap what we waited for: then wait for the next. */
static long wait4_offloaded(pid_t pid, int *status, int options,
			    struct rusage *ru)
{
	long r;

	do {
		r = wait_any(pid, options);
		if (r < 0 && r != -ECHILD)
			return r;
		r = try_wait4(pid, status, options, ru);
	} while (!r);
	return r;
}

static long wait4_pidfd(struct pidfd_wait *w, pid_t pid, int *status,
			int options, struct rusage *ru)
{
	long r;

	do {
		r = pidfd_park(w);
		if (r < 0)
			return r;
		r = try_wait4(pid, status, options, ru);
	} while (!r);
	return r;
}

static long zag_proc_wait4(pid_t pid, int *status, int options,
			   struct rusage *ru)
{
	struct pidfd_wait w = { .interval = PIDFD_FIRST_LOOK };
	long r;

	/* A kernel thread's own children: only it can wait for them. */
	if (options & __WNOTHREAD)
		return zag_raw(SYS_wait4, pid, status, options, ru);
	r = try_wait4(pid, status, options, ru);
	if (r || (options & WNOHANG))
		return r;
	if (pid > 0 && !(options & STOPS)) {
		r = zag_raw(SYS_pidfd_open, pid, 0);
		if (r >= 0) {
			w.fd = (int)r;
			r = wait4_pidfd(&w, pid, status, options, ru);
			pidfd_close(w.fd);
			return r;
		}
	}
	return wait4_offloaded(pid, status, options, ru);
}

/* 0 and a pid of 0: none yet. */
static long try_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	long r = zag_raw(SYS_waitid, type, id, info, options | WNOHANG, NULL);

	return r < 0 ? r : info->si_pid != 0;
}

/* One step of a wait for a child that has nothing to say yet. */
static long waitid_park(struct pidfd_wait *w, idtype_t type, id_t id,
			int options)
{
	long r;

	if (w->fd >= 0)
		return pidfd_park(w);
	if (type == P_PGID && !id)
		id = (id_t)zag_raw(SYS_getpgid, 0);
	r = wait_offloaded(type, id, options);
	return r == -ECHILD ? 0 : r;
}

static long waitid_loop(struct pidfd_wait *w, idtype_t type, id_t id,
			siginfo_t *info, int options)
{
	long r;

	do {
		r = waitid_park(w, type, id, options);
		if (r < 0)
			return r;
		r = try_waitid(type, id, info, options);
	} while (!r);
	return r < 0 ? r : 0;
}

static long waitid_wait(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct pidfd_wait w = { -1, PIDFD_FIRST_LOOK };
	bool exits = (options & (WEXITED | STOPS)) == WEXITED;
	long r;

	if (type == P_PIDFD && exits)
		w.fd = (int)id;
	if (type == P_PID && exits)
		w.fd = (int)zag_raw(SYS_pidfd_open, id, 0);
	r = waitid_loop(&w, type, id, info, options);
	if (type == P_PID && w.fd >= 0)
		pidfd_close(w.fd);
	return r;
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
	return (pid_t)zag_ret(zag_proc_wait4(pid, status, options, ru));
}

ZAG_EXPORT pid_t wait3(int *status, int options, struct rusage *ru)
{
	if (!zag_on_fiber())
		return ZAG_REAL(wait3)(status, options, ru);
	return (pid_t)zag_ret(zag_proc_wait4(-1, status, options, ru));
}

ZAG_EXPORT pid_t waitpid(pid_t pid, int *status, int options)
{
	if (!zag_on_fiber())
		return ZAG_REAL(waitpid)(pid, status, options);
	return (pid_t)zag_ret(zag_proc_wait4(pid, status, options, NULL));
}

ZAG_ALIAS(__waitpid, waitpid);

ZAG_EXPORT pid_t wait(int *status)
{
	if (!zag_on_fiber())
		return ZAG_REAL(wait)(status);
	return (pid_t)zag_ret(zag_proc_wait4(-1, status, 0, NULL));
}

ZAG_ALIAS(__wait, wait);

ZAG_EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	if (!zag_on_fiber())
		return ZAG_REAL(waitid)(type, id, info, options);
	return (int)zag_ret(zag_proc_waitid(type, id, info, options));
}
