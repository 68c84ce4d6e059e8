/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every declaration of libc that calls.def names, as the linker sees it: no
 * fortified inline wrappers, no large-file renaming.  Include it first.
 */
#ifndef ZAG_WRAP_LIBC_H
#define ZAG_WRAP_LIBC_H

#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <aio.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* What glibc deprecates old programs still call. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* What programs compiled with _FORTIFY_SOURCE call; in no header. */
ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t n, off_t off, size_t size);
ssize_t __pread64_chk(int fd, void *buf, size_t n, off64_t off, size_t size);
ssize_t __recv_chk(int fd, void *buf, size_t n, size_t size, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
		       __SOCKADDR_ARG from, socklen_t *restrict fromlen);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		const sigset_t *mask, size_t size);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
/* What pthread_atfork calls. */
int __register_atfork(void (*prepare)(void), void (*parent)(void),
		      void (*child)(void), void *dso);
void __longjmp_chk(jmp_buf env, int value) __attribute__((noreturn));
/* In headers another name stands for these. */
#undef setjmp
#undef sigpause
int setjmp(jmp_buf env) __attribute__((returns_twice));
int __xpg_sigpause(int sig);
int __sigpause(int sig_or_mask, int is_sig);
/* Where a failed check of theirs ends. */
void __chk_fail(void) __attribute__((noreturn));

/* Second names that libc exports as well; old binaries import them. */
extern __typeof__(read) __read;
extern __typeof__(write) __write;
extern __typeof__(pread64) __pread64;
extern __typeof__(pwrite64) __pwrite64;
extern __typeof__(send) __send;
extern __typeof__(connect) __connect;
extern __typeof__(open) __open;
extern __typeof__(open) __open64;
extern __typeof__(close) __close;
extern __typeof__(dup2) __dup2;
extern __typeof__(fcntl) __fcntl;
extern __typeof__(poll) __poll;
extern __typeof__(select) __select;
extern __typeof__(nanosleep) __nanosleep;
extern __typeof__(wait) __wait;
extern __typeof__(waitpid) __waitpid;
extern __typeof__(sched_yield) __sched_yield;
extern __typeof__(sched_getparam) __sched_getparam;
extern __typeof__(sched_getscheduler) __sched_getscheduler;
extern __typeof__(sched_setscheduler) __sched_setscheduler;
extern __typeof__(sigaction) __sigaction;
extern __typeof__(sigsuspend) __sigsuspend;
extern __typeof__(clone) __clone;
extern __typeof__(vfork) __vfork;
extern __typeof__(fclose) _IO_fclose;
extern __typeof__(popen) _IO_popen;
extern __typeof__(pthread_mutex_init) __pthread_mutex_init;
extern __typeof__(pthread_mutex_lock) __pthread_mutex_lock;
extern __typeof__(pthread_mutex_trylock) __pthread_mutex_trylock;
extern __typeof__(pthread_mutex_unlock) __pthread_mutex_unlock;
extern __typeof__(pthread_rwlock_rdlock) __pthread_rwlock_rdlock;
extern __typeof__(pthread_rwlock_wrlock) __pthread_rwlock_wrlock;
extern __typeof__(pthread_rwlock_tryrdlock) __pthread_rwlock_tryrdlock;
extern __typeof__(pthread_rwlock_trywrlock) __pthread_rwlock_trywrlock;
extern __typeof__(pthread_rwlock_unlock) __pthread_rwlock_unlock;
extern __typeof__(pthread_once) __pthread_once;
extern __typeof__(signal) bsd_signal;
extern __typeof__(signal) sysv_signal;
extern __typeof__(signal) __sysv_signal;

#if defined(__has_attribute) && __has_attribute(copy)
#define ZAG_COPY_ATTRIBUTES(name) copy(name),
#else
#define ZAG_COPY_ATTRIBUTES(name)
#endif

/* Another exported name for an interposer of the same file. */
#define ZAG_ALIAS(other, name)                                         \
	extern __typeof__(name) other __attribute__((                  \
		ZAG_COPY_ATTRIBUTES(name) alias(#name),                \
		visibility("default")))

#endif
