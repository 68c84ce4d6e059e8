/* SPDX-License-Identifier: BSD-2-Clause */
/* Resolution of libc's own functions, and what stands for them before. */
#include "wrap/libc.h"

#include <linux/close_range.h>
#include <stdint.h>

#include "base/raw.h"
#include "wrap/real.h"

/* The pointers, NULL unless an initialiser follows. */
#define ZAG_CALL_PARKS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_OFFLOADS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_THREAD(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_PASSES(name)
#define ZAG_CALL_UNSUPPORTED(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)
#include "base/calls.def"
#undef ZAG_CALL
#undef ZAG_CALL_PARKS
#undef ZAG_CALL_OFFLOADS
#undef ZAG_CALL_THREAD

/*
 * An allocator's or a library's constructor may run before ours and call
 * read().  Looking up libc's at that point can call malloc, which is what is
 * being set up (jemalloc, tcmalloc): so these are system calls and no more.
 */
#define INIT(name) __typeof__(name) *zag_real_##name = early_##name;
#define EARLY(ret, name, params, ...)                         \
	static ret early_##name params                        \
	{                                                     \
		return (ret)zag_ret(zag_raw(__VA_ARGS__));    \
	}                                                     \
	INIT(name)
#define SAME(name, as) __typeof__(name) *zag_real_##name = early_##as;

EARLY(ssize_t, read, (int fd, void *p, size_t n), SYS_read, fd, p, n)
EARLY(ssize_t, write, (int fd, const void *p, size_t n), SYS_write, fd, p, n)
EARLY(ssize_t, pread, (int fd, void *p, size_t n, off_t o), SYS_pread64, fd, p,
      n, o)
EARLY(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t o),
      SYS_pwrite64, fd, p, n, o)
EARLY(ssize_t, readv, (int fd, const struct iovec *v, int n), SYS_readv, fd, v,
      n)
EARLY(ssize_t, writev, (int fd, const struct iovec *v, int n), SYS_writev, fd,
      v, n)
EARLY(ssize_t, preadv, (int fd, const struct iovec *v, int n, off_t o),
      SYS_preadv, fd, v, n, o, 0)
EARLY(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t o),
      SYS_pwritev, fd, v, n, o, 0)
EARLY(ssize_t, preadv2, (int fd, const struct iovec *v, int n, off_t o, int f),
      SYS_preadv2, fd, v, n, o, 0, f)
EARLY(ssize_t, pwritev2, (int fd, const struct iovec *v, int n, off_t o, int f),
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

EARLY(ssize_t, recv, (int fd, void *p, size_t n, int f), SYS_recvfrom, fd, p, n,
      f, 0, 0)
EARLY(ssize_t, recvfrom,
      (int fd, void *p, size_t n, int f, __SOCKADDR_ARG a, socklen_t *l),
      SYS_recvfrom, fd, p, n, f, a.__sockaddr__, l)
EARLY(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), SYS_recvmsg, fd, m,
      f)
EARLY(int, recvmmsg,
      (int fd, struct mmsghdr *v, unsigned n, int f, struct timespec *t),
      SYS_recvmmsg, fd, v, n, f, t)
EARLY(ssize_t, send, (int fd, const void *p, size_t n, int f), SYS_sendto, fd,
      p, n, f, 0, 0)
EARLY(ssize_t, sendto,
      (int fd, const void *p, size_t n, int f, __CONST_SOCKADDR_ARG a,
       socklen_t l),
      SYS_sendto, fd, p, n, f, a.__sockaddr__, l)
EARLY(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), SYS_sendmsg,
      fd, m, f)
EARLY(int, sendmmsg, (int fd, struct mmsghdr *v, unsigned n, int f),
      SYS_sendmmsg, fd, v, n, f)
EARLY(int, accept, (int fd, __SOCKADDR_ARG a, socklen_t *l), SYS_accept4, fd,
      a.__sockaddr__, l, 0)
EARLY(int, accept4, (int fd, __SOCKADDR_ARG a, socklen_t *l, int f),
      SYS_accept4, fd, a.__sockaddr__, l, f)
EARLY(int, connect, (int fd, __CONST_SOCKADDR_ARG a, socklen_t l), SYS_connect,
      fd, a.__sockaddr__, l)
EARLY(int, setsockopt, (int fd, int l, int o, const void *p, socklen_t n),
      SYS_setsockopt, fd, l, o, p, n)
SAME(__send, send)
SAME(__connect, connect)

EARLY(int, close, (int fd), SYS_close, fd)
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

static int early_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return (int)zag_ret(zag_raw(SYS_fcntl, fd, cmd, arg));
}
INIT(fcntl)
SAME(fcntl64, fcntl)
SAME(__fcntl, fcntl)

EARLY(int, epoll_wait, (int fd, struct epoll_event *e, int n, int t),
      SYS_epoll_pwait, fd, e, n, t, NULL, 8)
EARLY(int, epoll_pwait,
      (int fd, struct epoll_event *e, int n, int t, const sigset_t *m),
      SYS_epoll_pwait, fd, e, n, t, m, 8)
EARLY(int, epoll_pwait2,
      (int fd, struct epoll_event *e, int n, const struct timespec *t,
       const sigset_t *m),
      SYS_epoll_pwait2, fd, e, n, t, m, 8)
EARLY(ssize_t, sendfile, (int out, int in, off_t *o, size_t n), SYS_sendfile,
      out, in, o, n)
EARLY(ssize_t, splice,
      (int in, off64_t *io, int out, off64_t *oo, size_t n, unsigned f),
      SYS_splice, in, io, out, oo, n, f)
EARLY(ssize_t, tee, (int in, int out, size_t n, unsigned f), SYS_tee, in, out,
      n, f)
EARLY(ssize_t, vmsplice,
      (int fd, const struct iovec *v, size_t n, unsigned f), SYS_vmsplice, fd,
      v, n, f)
EARLY(ssize_t, copy_file_range,
      (int in, off64_t *io, int out, off64_t *oo, size_t n, unsigned f),
      SYS_copy_file_range, in, io, out, oo, n, f)
SAME(sendfile64, sendfile)

EARLY(int, fsync, (int fd), SYS_fsync, fd)
EARLY(int, fdatasync, (int fd), SYS_fdatasync, fd)
EARLY(int, syncfs, (int fd), SYS_syncfs, fd)
EARLY(int, sync_file_range, (int fd, off64_t o, off64_t n, unsigned f),
      SYS_sync_file_range, fd, o, n, f)
EARLY(int, msync, (void *p, size_t n, int f), SYS_msync, p, n, f)
EARLY(int, msgsnd, (int id, const void *m, size_t n, int f), SYS_msgsnd, id, m,
      n, f)
EARLY(ssize_t, msgrcv, (int id, void *m, size_t n, long t, int f), SYS_msgrcv,
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
	return (int)zag_ret(zag_raw(SYS_openat, dir, path, flags, mode));
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
	return (int)zag_ret(zag_raw(SYS_ppoll, fds, n, to ? &ts : NULL, mask,
				    8));
}
INIT(ppoll)

static int early_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };

	return early_ppoll(fds, n, timeout < 0 ? NULL : &ts, NULL);
}
INIT(poll)
SAME(__poll, poll)

static int early_pselect(int n, fd_set *r, fd_set *w, fd_set *e,
			 const struct timespec *to, const sigset_t *mask)
{
	struct { const sigset_t *mask; size_t size; } sig = { mask, 8 };
	struct timespec ts;

	if (to)
		ts = *to;
	return (int)zag_ret(zag_raw(SYS_pselect6, n, r, w, e, to ? &ts : NULL,
				    &sig));
}
INIT(pselect)

static int early_select(int n, fd_set *r, fd_set *w, fd_set *e,
			struct timeval *to)
{
	struct timespec ts;

	if (to)
		ts = (struct timespec){ to->tv_sec, to->tv_usec * 1000 };
	return early_pselect(n, r, w, e, to ? &ts : NULL, NULL);
}
INIT(select)
SAME(__select, select)

EARLY(int, nanosleep, (const struct timespec *t, struct timespec *rem),
      SYS_nanosleep, t, rem)
SAME(__nanosleep, nanosleep)

static int early_clock_nanosleep(clockid_t clock, int flags,
				 const struct timespec *t,
				 struct timespec *rem)
{
	return (int)-zag_raw(SYS_clock_nanosleep, clock, flags, t, rem);
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

EARLY(pid_t, wait4, (pid_t p, int *st, int o, struct rusage *u), SYS_wait4, p,
      st, o, u)
EARLY(pid_t, wait3, (int *st, int o, struct rusage *u), SYS_wait4, -1, st, o, u)
EARLY(pid_t, waitpid, (pid_t p, int *st, int o), SYS_wait4, p, st, o, 0)
EARLY(pid_t, wait, (int *st), SYS_wait4, -1, st, 0, 0)
EARLY(int, waitid, (idtype_t t, id_t id, siginfo_t *i, int o), SYS_waitid, t,
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
