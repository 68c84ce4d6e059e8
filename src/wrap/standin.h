/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins: libc's functions as plain system calls.
 *
 * An allocator's or a library's constructor may run before ours and call
 * read().  Looking up libc's at that point can call malloc, which is what is
 * being set up (jemalloc, tcmalloc): so zag_real_NAME is the stand-in until the
 * constructor has run.  And where libc's function has been redirected
 * (redirect.h) the stand-in is what is left of it, so it does all that libc's
 * does: errno, cancellation of a kernel thread's, libc's own checks.
 *
 * Context: as the functions; nothing is taken from libc but errno and the
 * thread's cancellation type.
 */
#ifndef ZAG_WRAP_STANDIN_H
#define ZAG_WRAP_STANDIN_H

#include "wrap/libc.h"

/* X(name) */
#define ZAG_STAND_INS(X) \
	X(read) X(write) X(pread) X(pwrite) X(readv) X(writev) \
	X(preadv) X(pwritev) X(preadv2) X(pwritev2) X(recv) \
	X(recvfrom) X(recvmsg) X(recvmmsg) X(send) X(sendto) \
	X(sendmsg) X(sendmmsg) X(accept) X(accept4) X(connect) \
	X(setsockopt) X(close) X(dup3) X(close_range) X(epoll_wait) \
	X(epoll_pwait) X(epoll_pwait2) X(sendfile) X(splice) X(tee) \
	X(vmsplice) X(copy_file_range) X(fsync) X(fdatasync) \
	X(syncfs) X(sync_file_range) X(msync) X(msgsnd) X(msgrcv) \
	X(semop) X(semtimedop) X(flock) X(nanosleep) X(wait4) \
	X(wait3) X(waitpid) X(wait) X(waitid) X(setuid) X(setgid) \
	X(seteuid) X(setegid) X(setreuid) X(setregid) X(setresuid) \
	X(setresgid) X(setgroups) X(dup2) X(closefrom) X(fcntl) \
	X(openat) X(open) X(ioctl) X(ppoll) X(poll) X(pselect) \
	X(select) X(clock_nanosleep) X(sleep) X(usleep) X(thrd_sleep) \
	X(syscall)

/* X(name, another): which does the same */
#define ZAG_STAND_INS_SHARED(X) \
	X(pread64, pread) X(pwrite64, pwrite) X(preadv64, preadv) \
	X(pwritev64, pwritev) X(preadv64v2, preadv2) \
	X(pwritev64v2, pwritev2) X(__read, read) X(__write, write) \
	X(__pread64, pread) X(__pwrite64, pwrite) X(__send, send) \
	X(__connect, connect) X(__close, close) X(__dup2, dup2) \
	X(fcntl64, fcntl) X(__fcntl, fcntl) X(sendfile64, sendfile) \
	X(openat64, openat) X(open64, open) X(__open, open) \
	X(__open64, open) X(__poll, poll) X(__select, select) \
	X(__nanosleep, nanosleep) X(__wait, wait) \
	X(__waitpid, waitpid)

/* For redirected functions only, once there is a runtime. */
#define ZAG_STAND_INS_LATE(X) X(sigaction) X(pthread_sigmask) X(posix_spawn)

#define ZAG_STAND_IN_EXTERN(name) extern __typeof__(name) zag_standin_##name;
ZAG_STAND_INS(ZAG_STAND_IN_EXTERN)
ZAG_STAND_INS_LATE(ZAG_STAND_IN_EXTERN)
#undef ZAG_STAND_IN_EXTERN

#endif
