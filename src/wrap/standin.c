/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in for libc's functions: their system calls. */
#include "wrap/standin.h"

#include <limits.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "base/raw.h"
#include "base/sigmask.h"
#include "wrap/real.h"

/* A cancellation point, as libc makes it. */
static ZAG_NOINLINE long cancellable(long nr, long a, long b, long c, long d,
				     long e, long f)
{
	int type;
	long r;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	r = zag_raw6(nr, a, b, c, d, e, f);
	pthread_setcanceltype(type, NULL);
	return r;
}

/* What a fiber leads here does not block. */
static long point6(long nr, long a, long b, long c, long d, long e, long f)
{
	if (zag_on_fiber())
		return zag_acted(zag_cancel_check()) ?:
			       zag_raw6(nr, a, b, c, d, e, f);
	if (__libc_single_threaded)
		return zag_raw6(nr, a, b, c, d, e, f);
	return cancellable(nr, a, b, c, d, e, f);
}

#define A(x) ZAG_RAW_ARG(x)
#define POINT2(n, a) point6(n, A(a), 0, 0, 0, 0, 0)
#define POINT3(n, a, b) point6(n, A(a), A(b), 0, 0, 0, 0)
#define POINT4(n, a, b, c) point6(n, A(a), A(b), A(c), 0, 0, 0)
#define POINT5(n, a, b, c, d) point6(n, A(a), A(b), A(c), A(d), 0, 0)
#define POINT6(n, a, b, c, d, e) point6(n, A(a), A(b), A(c), A(d), A(e), 0)
#define POINT7(n, a, b, c, d, e, f) \
	point6(n, A(a), A(b), A(c), A(d), A(e), A(f))
#define point(...)                                                           \
	ZAG_RAW_PICK(__VA_ARGS__, POINT7, POINT6, POINT5, POINT4, POINT3,    \
		     POINT2, 0)(__VA_ARGS__)

#define STAND_IN(ret, name, call, params, ...)           \
	ret zag_standin_##name params                    \
	{                                                \
		return (ret)zag_ret(call(__VA_ARGS__));  \
	}
#define EARLY(ret, name, params, ...) \
	STAND_IN(ret, name, zag_raw, params, __VA_ARGS__)
#define POINT(ret, name, params, ...) \
	STAND_IN(ret, name, point, params, __VA_ARGS__)

POINT(ssize_t, read, (int fd, void *p, size_t n), SYS_read, fd, p, n)
POINT(ssize_t, write, (int fd, const void *p, size_t n), SYS_write, fd, p, n)
POINT(ssize_t, pread, (int fd, void *p, size_t n, off_t o), SYS_pread64, fd, p,
      n, o)
POINT(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t o),
      SYS_pwrite64, fd, p, n, o)
POINT(ssize_t, readv, (int fd, const struct iovec *v, int n), SYS_readv, fd, v,
      n)
POINT(ssize_t, writev, (int fd, const struct iovec *v, int n), SYS_writev, fd,
      v, n)
POINT(ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t o),
      SYS_preadv, fd, v, n, o, 0)
POINT(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t o),
      SYS_pwritev, fd, v, n, o, 0)
POINT(ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t o, int f),
      SYS_preadv2, fd, v, n, o, 0, f)
POINT(ssize_t, pwritev2, (int fd, const struct iovec *v, int n, off_t o, int f),
      SYS_pwritev2, fd, v, n, o, 0, f)

POINT(ssize_t, recv, (int fd, void *p, size_t n, int f), SYS_recvfrom, fd, p, n,
      f, 0, 0)
POINT(ssize_t, recvfrom,
      (int fd, void *p, size_t n, int f, __SOCKADDR_ARG a, socklen_t *l),
      SYS_recvfrom, fd, p, n, f, a.__sockaddr__, l)
POINT(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), SYS_recvmsg, fd, m,
      f)
POINT(int, recvmmsg,
      (int fd, struct mmsghdr *v, unsigned n, int f, struct timespec *t),
      SYS_recvmmsg, fd, v, n, f, t)
POINT(ssize_t, send, (int fd, const void *p, size_t n, int f), SYS_sendto, fd,
      p, n, f, 0, 0)
POINT(ssize_t, sendto,
      (int fd, const void *p, size_t n, int f, __CONST_SOCKADDR_ARG a,
       socklen_t l),
      SYS_sendto, fd, p, n, f, a.__sockaddr__, l)
POINT(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), SYS_sendmsg,
      fd, m, f)
POINT(int, sendmmsg, (int fd, struct mmsghdr *v, unsigned n, int f),
      SYS_sendmmsg, fd, v, n, f)
POINT(int, accept, (int fd, __SOCKADDR_ARG a, socklen_t *l), SYS_accept4, fd,
      a.__sockaddr__, l, 0)
POINT(int, accept4, (int fd, __SOCKADDR_ARG a, socklen_t *l, int f),
      SYS_accept4, fd, a.__sockaddr__, l, f)
POINT(int, connect, (int fd, __CONST_SOCKADDR_ARG a, socklen_t l), SYS_connect,
      fd, a.__sockaddr__, l)
EARLY(int, setsockopt, (int fd, int l, int o, const void *p, socklen_t n),
      SYS_setsockopt, fd, l, o, p, n)

POINT(int, close, (int fd), SYS_close, fd)
EARLY(int, dup3, (int fd, int to, int f), SYS_dup3, fd, to, f)
EARLY(int, close_range, (unsigned a, unsigned b, int f), SYS_close_range, a, b,
      f)

int zag_standin_dup2(int fd, int to)
{
	if (fd == to) /* dup3 calls that an error */
		return (int)zag_ret(zag_raw(SYS_fcntl, fd, F_GETFD)) < 0 ? -1
									 : to;
	return zag_standin_dup3(fd, to, 0);
}

void zag_standin_closefrom(int from)
{
	zag_standin_close_range(zag_max(from, 0), UINT32_MAX, 0);
}

/* A process group as owner would look like an error. */
static int get_owner(int fd)
{
	struct f_owner_ex o;
	long r = zag_raw(SYS_fcntl, fd, F_GETOWN_EX, &o);

	if (r < 0)
		return (int)zag_ret(r);
	return o.type == F_OWNER_PGRP ? -o.pid : o.pid;
}

int zag_standin_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_GETOWN)
		return get_owner(fd);
	if (cmd == F_SETLKW || cmd == F_OFD_SETLKW)
		return (int)zag_ret(point(SYS_fcntl, fd, cmd, arg));
	return (int)zag_ret(zag_raw(SYS_fcntl, fd, cmd, arg));
}

POINT(int, epoll_wait, (int fd, struct epoll_event *e, int n, int t),
      SYS_epoll_pwait, fd, e, n, t, NULL, 8)
POINT(int, epoll_pwait,
      (int fd, struct epoll_event *e, int n, int t, const sigset_t *m),
      SYS_epoll_pwait, fd, e, n, t, m, 8)
POINT(int, epoll_pwait2,
      (int fd, struct epoll_event *e, int n, const struct timespec *t,
       const sigset_t *m),
      SYS_epoll_pwait2, fd, e, n, t, m, 8)
EARLY(ssize_t, sendfile, (int out, int in, off_t *o, size_t n), SYS_sendfile,
      out, in, o, n)
POINT(ssize_t, splice,
      (int in, off64_t *io, int out, off64_t *oo, size_t n, unsigned f),
      SYS_splice, in, io, out, oo, n, f)
POINT(ssize_t, tee, (int in, int out, size_t n, unsigned f), SYS_tee, in, out,
      n, f)
POINT(ssize_t, vmsplice,
      (int fd, const struct iovec *v, size_t n, unsigned f), SYS_vmsplice, fd,
      v, n, f)
POINT(ssize_t, copy_file_range,
      (int in, off64_t *io, int out, off64_t *oo, size_t n, unsigned f),
      SYS_copy_file_range, in, io, out, oo, n, f)

POINT(int, fsync, (int fd), SYS_fsync, fd)
POINT(int, fdatasync, (int fd), SYS_fdatasync, fd)
EARLY(int, syncfs, (int fd), SYS_syncfs, fd)
POINT(int, sync_file_range, (int fd, off64_t o, off64_t n, unsigned f),
      SYS_sync_file_range, fd, o, n, f)
POINT(int, msync, (void *p, size_t n, int f), SYS_msync, p, n, f)
POINT(int, msgsnd, (int id, const void *m, size_t n, int f), SYS_msgsnd, id, m,
      n, f)
POINT(ssize_t, msgrcv, (int id, void *m, size_t n, long t, int f), SYS_msgrcv,
      id, m, n, t, f)
EARLY(int, semop, (int id, struct sembuf *s, size_t n), SYS_semtimedop, id, s,
      n, 0)
EARLY(int, semtimedop,
      (int id, struct sembuf *s, size_t n, const struct timespec *t),
      SYS_semtimedop, id, s, n, t)

int zag_standin_openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return (int)zag_ret(point(SYS_openat, dir, path, flags, mode));
}

int zag_standin_open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return zag_standin_openat(AT_FDCWD, path, flags, mode);
}

EARLY(int, flock, (int fd, int op), SYS_flock, fd, op)

int zag_standin_ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return (int)zag_ret(zag_raw(SYS_ioctl, fd, cmd, arg));
}

int zag_standin_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *to,
		       const sigset_t *mask)
{
	struct timespec ts; /* written to by the kernel; the caller's is not */

	if (to)
		ts = *to;
	return (int)zag_ret(point(SYS_ppoll, fds, n, to ? &ts : NULL, mask, 8));
}

int zag_standin_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	return zag_standin_ppoll(fds, n, timeout < 0 ? NULL : &ts, NULL);
}

static long pselect6(int n, fd_set *r, fd_set *w, fd_set *e,
		     struct timespec *to, const sigset_t *mask)
{
	struct { const sigset_t *mask; size_t size; } sig = { mask, 8 };

	return zag_ret(point(SYS_pselect6, n, r, w, e, to, &sig));
}

int zag_standin_pselect(int n, fd_set *r, fd_set *w, fd_set *e,
			 const struct timespec *to, const sigset_t *mask)
{
	struct timespec ts;

	if (to)
		ts = *to;
	return (int)pselect6(n, r, w, e, to ? &ts : NULL, mask);
}

/* As libc: more than a second of microseconds is allowed, and what is left of
 * the time is told. */
int zag_standin_select(int n, fd_set *r, fd_set *w, fd_set *e,
			struct timeval *to)
{
	struct timespec ts;
	long ret;

	if (!to)
		return (int)pselect6(n, r, w, e, NULL, NULL);
	if (to->tv_sec < 0 || to->tv_usec < 0)
		return (int)zag_ret(-EINVAL);
	ts.tv_nsec = to->tv_usec % 1000000 * 1000;
	if (__builtin_add_overflow(to->tv_sec, to->tv_usec / 1000000,
				   &ts.tv_sec))
		ts = (struct timespec){ INT64_MAX, 999999999 };
	ret = pselect6(n, r, w, e, &ts, NULL);
	*to = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
	return (int)ret;
}

POINT(int, nanosleep, (const struct timespec *t, struct timespec *rem),
      SYS_nanosleep, t, rem)

int zag_standin_clock_nanosleep(clockid_t clock, int flags,
				 const struct timespec *t,
				 struct timespec *rem)
{
	enum { OWN_PROCESS = -6 }; /* in CPU time; id 0 is the caller */

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		clock = OWN_PROCESS;
	return (int)-point(SYS_clock_nanosleep, clock, flags, t, rem);
}

unsigned int zag_standin_sleep(unsigned int seconds)
{
	struct timespec ts = { seconds, 0 };

	return zag_standin_nanosleep(&ts, &ts) < 0 ? (unsigned int)ts.tv_sec : 0;
}

int zag_standin_usleep(useconds_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000L };

	return zag_standin_nanosleep(&ts, NULL);
}

int zag_standin_thrd_sleep(const struct timespec *t, struct timespec *rem)
{
	int err = zag_standin_clock_nanosleep(CLOCK_REALTIME, 0, t, rem);

	return err == EINTR ? -1 : err ? -2 : 0;
}

POINT(pid_t, wait4, (pid_t p, int *st, int o, struct rusage *u), SYS_wait4, p,
      st, o, u)
POINT(pid_t, wait3, (int *st, int o, struct rusage *u), SYS_wait4, -1, st, o, u)
POINT(pid_t, waitpid, (pid_t p, int *st, int o), SYS_wait4, p, st, o, 0)
POINT(pid_t, wait, (int *st), SYS_wait4, -1, st, 0, 0)
POINT(int, waitid, (idtype_t t, id_t id, siginfo_t *i, int o), SYS_waitid, t,
      id, i, o, 0)

EARLY(int, setuid, (uid_t u), SYS_setuid, u)
EARLY(int, setgid, (gid_t g), SYS_setgid, g)
EARLY(int, seteuid, (uid_t e), SYS_setresuid, -1, e, -1)
EARLY(int, setegid, (gid_t e), SYS_setresgid, -1, e, -1)
EARLY(int, setreuid, (uid_t r, uid_t e), SYS_setreuid, r, e)
EARLY(int, setregid, (gid_t r, gid_t e), SYS_setregid, r, e)
EARLY(int, setresuid, (uid_t r, uid_t e, uid_t s), SYS_setresuid, r, e, s)
EARLY(int, setresgid, (gid_t r, gid_t e, gid_t s), SYS_setresgid, r, e, s)
EARLY(int, setgroups, (size_t n, const gid_t *list), SYS_setgroups, n, list)

long zag_standin_syscall(long nr, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return zag_ret(zag_raw6(nr, arg[0], arg[1], arg[2], arg[3], arg[4],
				arg[5]));
}

/* --- what stands in for libc's function once it is redirected only ------ */

int zag_standin_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	uint64_t bits;

	if (set) { /* libc keeps its own two open */
		memcpy(&bits, set, sizeof(bits));
		bits &= ~(ZAG_SIGBIT(32) | ZAG_SIGBIT(33));
	}
	return (int)-zag_raw(SYS_rt_sigprocmask, how, set ? &bits : NULL, old,
			     sizeof(bits));
}

int zag_standin_sigaction(int sig, const struct sigaction *act,
			   struct sigaction *old)
{
	if (sig <= 0 || sig >= NSIG || sig == 32 || sig == 33)
		return (int)zag_ret(-EINVAL);
	return zag_real_libc_sigaction(sig, act, old);
}

/* posix_spawnp looks for what has no slash in it; the rest is the same. */
int zag_standin_posix_spawn(pid_t *pid, const char *path,
			     const posix_spawn_file_actions_t *actions,
			     const posix_spawnattr_t *attr, char *const argv[],
			     char *const envp[])
{
	size_t len = strlen(path);
	char here[NAME_MAX + 3] = "./";

	if (strchr(path, '/'))
		return zag_real_posix_spawnp(pid, path, actions, attr, argv,
					     envp);
	if (!len)
		return ENOENT;
	if (len > NAME_MAX)
		return ENAMETOOLONG;
	memcpy(here + 2, path, len + 1);
	return zag_real_posix_spawnp(pid, here, actions, attr, argv, envp);
}
