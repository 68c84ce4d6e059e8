/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor table: who waits for which descriptor, and what we know of
 * it.
 *
 * What is remembered of a descriptor is a hint: libc closes and opens
 * descriptors where no interposer sees it, so whoever uses a hint must come
 * to no harm when it is stale (ENOTSOCK: look again).  The one thing that must
 * be told is that a number is about to be closed or replaced: zag_fd_forget.
 *
 * Context: fiber.  (From a native thread the waits fall back to poll(2).)
 */
#ifndef ZAG_LOOP_FDWAIT_H
#define ZAG_LOOP_FDWAIT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"
#include "wait/lot.h"

enum zag_fd_kind {
	ZAG_FD_UNKNOWN,
	ZAG_FD_STREAM, /* SOCK_STREAM socket */
	ZAG_FD_SOCKET, /* any other socket */
	ZAG_FD_PIPE,   /* pipe or FIFO */
	ZAG_FD_FILE,   /* regular file, directory, disk, /dev/zero: ready */
	ZAG_FD_TERMINAL, /* has job control; no pty's master */
	ZAG_FD_OTHER,  /* eventfd, device, …: readiness, then call */
};

enum { ZAG_IN = 1, ZAG_OUT = 2 }; /* libev's EV_READ and EV_WRITE */

/* The kind of fd, by fstat the first time; ZAG_FD_UNKNOWN if it is not open. */
enum zag_fd_kind zag_fd_kind(int fd);

/* The address family of a SOCK_STREAM socket, else 0. */
int zag_fd_domain(int fd);

/* Look at fd again: its kind was a stale hint. */
enum zag_fd_kind zag_fd_kind_again(int fd);

/*
 * Whether the program made the open file description non-blocking, so that
 * EAGAIN must be passed on.  A remembered answer is used while no
 * descriptor's flags were changed in this process.
 */
bool zag_fd_nonblocking(int fd);

/* The program changes some descriptor's O_NONBLOCK: forget all answers. */
void zag_fd_flags_changed(void);

/*
 * Park until fd is ready for `events` (ZAG_IN or ZAG_OUT) or has an error or
 * hang-up.  0 (may be spurious: try the call again), -ETIMEDOUT, -EINTR,
 * -EBADF when it was closed meanwhile by zag_fd_forget.  A handler with
 * SA_RESTART does not end a wait without a deadline (signal(7)).
 */
int zag_fd_wait(int fd, int events, zag_time deadline);
/* As a thread that is in the kernel goes on with its file when the descriptor is
 * closed, or another file put there: 0 then too, and *fd is a copy of it, the
 * runtime's own and the caller's to close. */
int zag_fd_wait_on(int *fd, int events, zag_time deadline, bool restarts);

/*
 * Park until one of the fds may be ready for what it asks; negative fds are
 * ignored.  0 (ask the kernel which), -ETIMEDOUT, -EINTR, -ENOMEM.
 */
int zag_fd_wait_many(const struct pollfd *fds, nfds_t n, zag_time deadline);

/*
 * fd is about to be closed, or dup2'ed over: its waiters wake with -EBADF, or
 * with a copy of it, the kernel registration and all hints are dropped.  Cheap
 * where fd has never been waited for.  Any thread or fiber.
 */
void zag_fd_forget(int fd);

/* That is done.  Who looked at fd or began to wait in between, for the old file
 * or the new one, tries again. */
void zag_fd_replaced(int fd);

/* The same for first..last (close_range, closefrom). */
void zag_fd_forget_range(unsigned first, unsigned last);

/* Who waits for room tries again, at all descriptors. */
void zag_fd_wake_writers(void);

/* In a forked child: nobody waits, nothing is known. */
void zag_fd_reset(void);

/*
 * SO_RCVTIMEO (ZAG_IN) or SO_SNDTIMEO (ZAG_OUT) of a socket as a deadline from
 * now, ZAG_NEVER where none is set or fd is no socket.  Remembered; setsockopt's
 * interposer calls zag_fd_flags_changed.
 */
zag_time zag_fd_io_deadline(int fd, int events);

/* The lock that orders accept(2) calls on one listening descriptor. */
struct zag_mutex *zag_fd_accept_lock(int fd);

/*
 * A connection was accepted from fd: from now on who waits for it runs before
 * all others when it is ready, as a thread would that the kernel wakes.  The
 * kernel keeps few connections for a listener; clients of those it drops try
 * again after a second.
 */
void zag_fd_set_listens(int fd);

/*
 * A stream's receive queue was found empty by a short read: the next read may
 * park first and try after, which saves a call that would say EAGAIN.
 * zag_fd_take_drained reads and clears the hint.
 */
void zag_fd_set_drained(int fd);
bool zag_fd_take_drained(int fd);

/*
 * Files: reads that the page cache has answered (counted, modulo 256); so many
 * of the next ones need not be made in a way that never waits; how many there
 * are left, this one too.
 */
#define ZAG_FD_PLAIN_ALWAYS UINT32_MAX
uint8_t zag_fd_hits(int fd);
void zag_fd_set_plain(int fd, uint32_t reads);
uint32_t zag_fd_take_plain(int fd);

#endif
