/* SPDX-License-Identifier: BSD-2-Clause */
/* Resolution of libc's own functions, and what stands for them before. */
#include "wrap/libc.h"

#include <limits.h>
#include <linux/close_range.h>
#include <stdint.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "base/raw.h"
#include "base/sigmask.h"
#include "wrap/fd_own.h"
#include "wrap/real.h"
#include "wrap/sync_libc.h"

/* The pointers, NULL unless an initialiser follows. */
#define ZAG_CALL_PARKS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_OFFLOADS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_THREAD(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_PASSES(name)
#define ZAG_CALL_UNSUPPORTED(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)
#include "base/calls.def"
#undef ZAG_CALL_PARKS
#undef ZAG_CALL_OFFLOADS
#undef ZAG_CALL_THREAD

/*
 * An allocator's or a library's constructor may run before ours and call
 * read().  Looking up libc's at that point can call malloc, which is what is
 * being set up (jemalloc, tcmalloc): so these are system calls and no more.
 * And where libc's function has been redirected they are what is left of it,
 * so they do all that it does.
 */
#define INIT(name) __typeof__(name) *zag_real_##name = early_##name;

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

/* Of a fiber its interposers know whether it is to be cancelled. */
static long point6(long nr, long a, long b, long c, long d, long e, long f)
{
	if (__libc_single_threaded || zag_on_fiber())
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
	static ret early_##name params                   \
	{                                                \
		return (ret)zag_ret(call(__VA_ARGS__));  \
	}                                                \
	INIT(name)
#define EARLY(ret, name, params, ...) \
	STAND_IN(ret, name, zag_raw, params, __VA_ARGS__)
#define POINT(ret, name, params, ...) \
	STAND_IN(ret, name, point, params, __VA_ARGS__)
#define SAME(name, as) __typeof__(name) *zag_real_##name = early_##as;

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
SAME(pread64, pread)
SAME(pwrite64, pwrite)
SAME(preadv64, preadv)
SAME(pwritev64, pwritev)
SAME(preadv64v2, preadv2)
SAME(pwritev64v2, pwritev2)
SAME(__read, read)
SAME(__write, write)
SAME(__pread64, pread)
SAME(__pwrite64, pwrite)

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
SAME(__send, send)
SAME(__connect, connect)

POINT(int, close, (int fd), SYS_close, fd)
EARLY(int, dup3, (int fd, int to, int f), SYS_dup3, fd, to, f)
EARLY(int, close_range, (unsigned a, unsigned b, int f), SYS_close_range, a, b,
      f)
SAME(__close, close)

static int early_dup2(int fd, int to)
{
	if (fd == to) /* dup3 calls that an error */
		return (int)zag_ret(zag_raw(SYS_fcntl, fd, F_GETFD)) < 0 ? -1
									 : to;
	return early_dup3(fd, to, 0);
}
INIT(dup2)
SAME(__dup2, dup2)

static void early_closefrom(int from)
{
	early_close_range(zag_max(from, 0), UINT32_MAX, 0);
}
INIT(closefrom)

/* A process group as owner would look like an error. */
static int get_owner(int fd)
{
	struct f_owner_ex o;
	long r = zag_raw(SYS_fcntl, fd, F_GETOWN_EX, &o);

	if (r < 0)
		return (int)zag_ret(r);
	return o.type == F_OWNER_PGRP ? -o.pid : o.pid;
}

static int early_fcntl(int fd, int cmd, ...)
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
INIT(fcntl)
SAME(fcntl64, fcntl)
SAME(__fcntl, fcntl)

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
SAME(sendfile64, sendfile)

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

static int early_openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return (int)zag_ret(point(SYS_openat, dir, path, flags, mode));
}
INIT(openat)
SAME(openat64, openat)

static int early_open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	return early_openat(AT_FDCWD, path, flags, mode);
}
INIT(open)
SAME(open64, open)
SAME(__open, open)
SAME(__open64, open)

EARLY(int, flock, (int fd, int op), SYS_flock, fd, op)

static int early_ioctl(int fd, unsigned long cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return (int)zag_ret(zag_raw(SYS_ioctl, fd, cmd, arg));
}
INIT(ioctl)

static int early_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *to,
		       const sigset_t *mask)
{
	struct timespec ts; /* written to by the kernel; the caller's is not */

	if (to)
		ts = *to;
	return (int)zag_ret(point(SYS_ppoll, fds, n, to ? &ts : NULL, mask, 8));
}
INIT(ppoll)

static int early_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	return early_ppoll(fds, n, timeout < 0 ? NULL : &ts, NULL);
}
INIT(poll)
SAME(__poll, poll)

static long pselect6(int n, fd_set *r, fd_set *w, fd_set *e,
		     struct timespec *to, const sigset_t *mask)
{
	struct { const sigset_t *mask; size_t size; } sig = { mask, 8 };

	return zag_ret(point(SYS_pselect6, n, r, w, e, to, &sig));
}

static int early_pselect(int n, fd_set *r, fd_set *w, fd_set *e,
			 const struct timespec *to, const sigset_t *mask)
{
	struct timespec ts;

	if (to)
		ts = *to;
	return (int)pselect6(n, r, w, e, to ? &ts : NULL, mask);
}
INIT(pselect)

/* As libc: more than a second of microseconds is allowed, and what is left of
 * the time is told. */
static int early_select(int n, fd_set *r, fd_set *w, fd_set *e,
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
INIT(select)
SAME(__select, select)

POINT(int, nanosleep, (const struct timespec *t, struct timespec *rem),
      SYS_nanosleep, t, rem)
SAME(__nanosleep, nanosleep)

static int early_clock_nanosleep(clockid_t clock, int flags,
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
INIT(clock_nanosleep)

static unsigned int early_sleep(unsigned int seconds)
{
	struct timespec ts = { seconds, 0 };

	return early_nanosleep(&ts, &ts) < 0 ? (unsigned int)ts.tv_sec : 0;
}
INIT(sleep)

static int early_usleep(useconds_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000L };

	return early_nanosleep(&ts, NULL);
}
INIT(usleep)

static int early_thrd_sleep(const struct timespec *t, struct timespec *rem)
{
	int err = early_clock_nanosleep(CLOCK_REALTIME, 0, t, rem);

	return err == EINTR ? -1 : err ? -2 : 0;
}
INIT(thrd_sleep)

POINT(pid_t, wait4, (pid_t p, int *st, int o, struct rusage *u), SYS_wait4, p,
      st, o, u)
POINT(pid_t, wait3, (int *st, int o, struct rusage *u), SYS_wait4, -1, st, o, u)
POINT(pid_t, waitpid, (pid_t p, int *st, int o), SYS_wait4, p, st, o, 0)
POINT(pid_t, wait, (int *st), SYS_wait4, -1, st, 0, 0)
POINT(int, waitid, (idtype_t t, id_t id, siginfo_t *i, int o), SYS_waitid, t,
      id, i, o, 0)
SAME(__wait, wait)
SAME(__waitpid, waitpid)

EARLY(int, setuid, (uid_t u), SYS_setuid, u)
EARLY(int, setgid, (gid_t g), SYS_setgid, g)
EARLY(int, seteuid, (uid_t e), SYS_setresuid, -1, e, -1)
EARLY(int, setegid, (gid_t e), SYS_setresgid, -1, e, -1)
EARLY(int, setreuid, (uid_t r, uid_t e), SYS_setreuid, r, e)
EARLY(int, setregid, (gid_t r, gid_t e), SYS_setregid, r, e)
EARLY(int, setresuid, (uid_t r, uid_t e, uid_t s), SYS_setresuid, r, e, s)
EARLY(int, setresgid, (gid_t r, gid_t e, gid_t s), SYS_setresgid, r, e, s)
EARLY(int, setgroups, (size_t n, const gid_t *list), SYS_setgroups, n, list)

static long early_syscall(long nr, ...)
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
INIT(syscall)

/* --- what stands in for libc's function once it is redirected only ------ */

static int early_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	uint64_t bits;

	if (set) { /* libc keeps its own two open */
		memcpy(&bits, set, sizeof(bits));
		bits &= ~(ZAG_SIGBIT(32) | ZAG_SIGBIT(33));
	}
	return (int)-zag_raw(SYS_rt_sigprocmask, how, set ? &bits : NULL, old,
			     sizeof(bits));
}

/* What libc's sigaction is but a check for. */
static __typeof__(sigaction) *real_sigaction;

static int early_sigaction(int sig, const struct sigaction *act,
			   struct sigaction *old)
{
	if (sig <= 0 || sig >= NSIG || sig == 32 || sig == 33)
		return (int)zag_ret(-EINVAL);
	return real_sigaction(sig, act, old);
}

/* posix_spawnp looks for what has no slash in it; the rest is the same. */
static int early_posix_spawn(pid_t *pid, const char *path,
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

/* --- libc's own --------------------------------------------------------- */

/*
 * These are no system calls, and no allocator calls them while it starts:
 * another library's constructor may (libselinux reads /proc/filesystems), so
 * they are looked up by whoever is first.
 */
typedef void *any_function __attribute__((may_alias));

static void resolve(const char *name, any_function *real)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found)
		*real = found;
}

#define RESOLVE(name) resolve(#name, (any_function *)&zag_real_##name)
#define LAZY(ret, name, params, ...)                                    \
	static ret early_##name params                                  \
	{                                                               \
		RESOLVE(name);                                          \
		return zag_real_##name(__VA_ARGS__);                    \
	}                                                               \
	INIT(name)

LAZY(int, fclose, (FILE *f), f)
LAZY(FILE *, freopen, (const char *path, const char *mode, FILE *f), path, mode,
     f)
LAZY(FILE *, freopen64, (const char *path, const char *mode, FILE *f), path,
     mode, f)
LAZY(int, closedir, (DIR *dir), dir)
LAZY(int, __register_atfork,
     (void (*prepare)(void), void (*parent)(void), void (*child)(void),
      void *dso),
     prepare, parent, child, dso)
LAZY(void *, dlopen, (const char *file, int mode), file, mode)
LAZY(void *, dlmopen, (Lmid_t ns, const char *file, int mode), ns, file, mode)
LAZY(int, dlclose, (void *lib), lib)

/* glibc keeps the condition variables of 2002 under the old version, which is
 * the one plain dlsym may give. */
#if defined(__x86_64__)
#define COND_VERSION "GLIBC_2.3.2"
#else
#define COND_VERSION "GLIBC_2.17"
#endif

static void resolve_cond(const char *name, any_function *real)
{
	void *found = dlvsym(RTLD_NEXT, name, COND_VERSION);

	if (found)
		*real = found;
	else
		resolve(name, real);
}

static void resolve_call(const char *name, any_function *real)
{
	static const char cond[] = "pthread_cond_";

	for (size_t i = 0; i < sizeof(cond) - 1; i++)
		if (name[i] != cond[i]) {
			resolve(name, real);
			return;
		}
	resolve_cond(name, real);
}

void *zag_real_find(const char *name, void **real)
{
	resolve_call(name, (any_function *)real);
	return *real;
}

#define ZAG_RESOLVE_CALL(name) \
	resolve_call(#name, (any_function *)&zag_real_##name);
#define ZAG_CALL_PARKS(name) ZAG_RESOLVE_CALL(name)
#define ZAG_CALL_OFFLOADS(name) ZAG_RESOLVE_CALL(name)
#define ZAG_CALL_THREAD(name) ZAG_RESOLVE_CALL(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)

void zag_real_init(void)
{
#include "base/calls.def"
}

/* --- redirected --------------------------------------------------------- */

#undef ZAG_CALL
#undef ZAG_JUMP
#undef ZAG_JUMP_TO
#define ZAG_JUMP(name) { #name, (void *)name },
#define ZAG_JUMP_TO(name, function) { #name, (void *)function },

const struct zag_real_jump zag_real_jumps[] = {
#include "base/calls.def"
};

const int zag_real_jump_count =
	sizeof(zag_real_jumps) / sizeof(zag_real_jumps[0]);

bool zag_real_use_calls(void)
{
	resolve("__libc_sigaction", (any_function *)&real_sigaction);
	if (!real_sigaction || !zag_real_posix_spawnp)
		return false;
#define ZAG_JUMP(name) zag_real_##name = early_##name;
#include "base/calls.def"
	return true;
}
