/* SPDX-License-Identifier: BSD-2-Clause */
/* msgsnd, msgrcv, semop, semtimedop: tried, then waited for by a helper. */
#include "wrap/libc.h"

#include "wrap/io_core.h"
#include "wrap/real.h"

/* It was there when the call began: who waits is told that it is no more. */
static long gone(long r)
{
	return r == -EINVAL ? -EIDRM : r;
}

/*
 * At the bound of helpers, try now and then what does not block.  No handler
 * restarts these calls, whatever its flags.
 */
static long wait_for(const struct zag_syscall *try, int blocks,
		     const struct zag_syscall *wait, zag_time deadline)
{
	zag_time interval = 0;
	long r;

	do {
		if (zag_blocking_call(wait, deadline, false, &r))
			return gone(r);
		r = zag_backoff(&interval, deadline, false);
		if (r < 0)
			return r;
		r = zag_raw(try->nr, try->arg[0], try->arg[1], try->arg[2],
			    try->arg[3], try->arg[4]);
	} while (r == -blocks);
	return gone(r);
}

static long zag_ipc_msgsnd(int id, const void *msg, size_t len, int flags)
{
	const struct zag_syscall *wait = ZAG_SYSCALL(SYS_msgsnd, id, msg, len,
						     flags, 0, 0);
	const struct zag_syscall *try = ZAG_SYSCALL(
		SYS_msgsnd, id, msg, len, flags | IPC_NOWAIT, 0, 0);
	long r = zag_raw(SYS_msgsnd, id, msg, len, flags | IPC_NOWAIT);

	if (r != -EAGAIN || (flags & IPC_NOWAIT))
		return r;
	return wait_for(try, EAGAIN, wait, ZAG_NEVER);
}

static long zag_ipc_msgrcv(int id, void *msg, size_t len, long type, int flags)
{
	const struct zag_syscall *wait = ZAG_SYSCALL(SYS_msgrcv, id, msg, len,
						     type, flags, 0);
	const struct zag_syscall *try = ZAG_SYSCALL(
		SYS_msgrcv, id, msg, len, type, flags | IPC_NOWAIT, 0);
	long r;

	if (flags & MSG_COPY) /* never waits */
		return zag_raw(SYS_msgrcv, id, msg, len, type, flags);
	r = zag_raw(SYS_msgrcv, id, msg, len, type, flags | IPC_NOWAIT);
	if (r != -ENOMSG || (flags & IPC_NOWAIT))
		return r;
	return wait_for(try, ENOMSG, wait, ZAG_NEVER);
}

static bool some_nowait(const struct sembuf *ops, size_t n)
{
	while (n--)
		if (ops++->sem_flg & IPC_NOWAIT)
			return true;
	return false;
}

static long here(int id, struct sembuf *ops, size_t n, zag_time deadline)
{
	zag_time left = zag_max(deadline - zag_now(), 0);
	struct timespec ts = { left / ZAG_NSEC, left % ZAG_NSEC };

	return zag_stand_raw(false, SYS_semtimedop, id, ops, n,
			     deadline == ZAG_NEVER ? NULL : &ts, 0, 0);
}

/*
 * The first operation that cannot be done decides whether the call waits, and
 * EAGAIN does not tell which it was: with IPC_NOWAIT in one, only the call
 * itself knows.
 */
static long zag_ipc_semop(int id, struct sembuf *ops, size_t n,
			  zag_time deadline)
{
	static const struct timespec now;
	const struct zag_syscall *wait = ZAG_SYSCALL(SYS_semtimedop, id, ops, n,
						     NULL, 0, 0);
	const struct zag_syscall *try = ZAG_SYSCALL(SYS_semtimedop, id, ops, n,
						    &now, 0, 0);
	long r = zag_raw(SYS_semtimedop, id, ops, n, &now);

	if (r != -EAGAIN || deadline <= zag_now())
		return r;
	if (!some_nowait(ops, n))
		r = wait_for(try, EAGAIN, wait, deadline);
	else if (!zag_blocking_call(wait, deadline, false, &r))
		r = here(id, ops, n, deadline);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

ZAG_EXPORT int msgsnd(int id, const void *msg, size_t len, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(msgsnd)(id, msg, len, flags);
	return (int)ZAG_POINT(zag_ipc_msgsnd(id, msg, len, flags));
}

ZAG_EXPORT ssize_t msgrcv(int id, void *msg, size_t len, long type, int flags)
{
	if (!zag_on_fiber())
		return ZAG_REAL(msgrcv)(id, msg, len, type, flags);
	return ZAG_POINT(zag_ipc_msgrcv(id, msg, len, type, flags));
}

ZAG_EXPORT int semop(int id, struct sembuf *ops, size_t n)
{
	if (!zag_on_fiber())
		return ZAG_REAL(semop)(id, ops, n);
	return (int)ZAG_NO_POINT(zag_ipc_semop(id, ops, n, ZAG_NEVER));
}

ZAG_EXPORT int semtimedop(int id, struct sembuf *ops, size_t n,
			  const struct timespec *timeout)
{
	if (!zag_on_fiber())
		return ZAG_REAL(semtimedop)(id, ops, n, timeout);
	if (!timeout)
		return semop(id, ops, n);
	if (!zag_sys_readable(timeout))
		return (int)zag_ret(-EFAULT);
	if (!zag_timespec_valid(timeout) || timeout->tv_sec < 0)
		return (int)zag_ret(-EINVAL);
	return (int)ZAG_NO_POINT(
		zag_ipc_semop(id, ops, n, zag_deadline_rel(timeout)));
}
