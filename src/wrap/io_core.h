/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every call that moves bytes is made of: try without blocking, park on
 * EAGAIN, try again.
 *
 * Everything here returns >= 0 or -errno.  Context: fiber.
 */
#ifndef ZAG_WRAP_IO_CORE_H
#define ZAG_WRAP_IO_CORE_H

#include "wrap/libc.h"

#include "base/raw.h"
#include "ctl/cancel.h"
#include "loop/fdwait.h"
#include "wait/blocking.h"

/* The kernel moves at most this in one call. */
#define ZAG_IO_MAX ((size_t)0x7ffff000)

/* Entries of a vector that are sent or filled at once when a transfer goes on
 * after a part of it; what a 32 KB stack has room for. */
enum { ZAG_IOV_PIECE = 16 };

/* One call on one descriptor: its timeout runs from its first EAGAIN. */
struct zag_io {
	int fd;
	int dir; /* ZAG_IN or ZAG_OUT */
	bool timed;
	bool partly; /* bytes have moved: a signal ends the call with them */
	bool idles;  /* waiting long is its business: accept */
	bool followed; /* fd is our own copy of what was closed meanwhile */
	bool woken;    /* a wait has said that it is ready */
	zag_time deadline;
};

/* Initialises one.  A copy is closed when the block is left, also by a handler
 * that runs in a wait there. */
#define ZAG_IO(number, in_or_out)                          \
	__attribute__((cleanup(zag_io_leave))) = {         \
		.fd = (number), .dir = (in_or_out)         \
	}

void zag_io_leave(struct zag_io *io);

/*
 * The call would block: 0 after a wait, try again, on io->fd, which is another
 * number when the first one was closed: the call goes on with the same file.
 * Else its result: -EAGAIN where the program asked for that (O_NONBLOCK) or
 * SO_RCVTIMEO or SO_SNDTIMEO has passed, -ETIMEDOUT where the operator's limit
 * has, -EINTR, -EBADF.
 */
long zag_io_park(struct zag_io *io);

/*
 * It would block, and is said to be ready all the same: then only the kernel
 * can wait for it.  A datagram socket that was shut down is so, and MSG_PEEK
 * with SO_PEEK_OFF.
 */
bool zag_io_seems_ready(const struct zag_io *io);
static inline bool zag_io_misled(const struct zag_io *io)
{
	return zag_unlikely(io->woken) && zag_io_seems_ready(io);
}

/* signal(7): whether a handler with SA_RESTART restarts it. */
static inline bool zag_io_restarts(const struct zag_io *io)
{
	return !io->partly && io->deadline == ZAG_NEVER;
}

/* The wait of it, restarted by handlers or not: as zag_fd_wait_on. */
int zag_io_wait(struct zag_io *io, zag_time deadline, bool restarts);

/* Whether it is not open for that direction: never ready, and EBADF. */
bool zag_io_wrong_end(const struct zag_io *io);

/* Whether a read or write of fd is to fail for that: it is a connection. */
static inline long zag_io_failed_stream(enum zag_fd_kind kind)
{
	return kind == ZAG_FD_STREAM ? zag_cancel_failed() : 0;
}

/* The events of one descriptor right now; 0: none, POLLNVAL: not open. */
short zag_io_events(int fd, short events);

/*
 * After a wait for room: how the call ends if its Unix stream does not send any
 * more, else 0.  Who was waiting then is told by the error alone, and takes it;
 * only who comes later gets SIGPIPE, as trying again would.
 */
long zag_io_cut_off(const struct zag_io *io);

/*
 * Whether an error is pending on the socket.  A transfer that has moved a part
 * must end before it eats an error that belongs to the next call.
 */
bool zag_io_failed(int fd);

/* A number that SOL_SOCKET has for it, 0 if none. */
int zag_sys_socket_option(int fd, int option);

/* What poll(2) says right now; never -EINTR. */
long zag_sys_look(struct pollfd *fds, nfds_t n);

/* Whether 8 bytes of the program's can be read: EFAULT instead of a fault in
 * the calls that read an argument the kernel would have read. */
bool zag_sys_readable(const void *p);

/* Bytes of a vector. */
size_t zag_iov_len(const struct iovec *v, size_t n);

/*
 * What is left of a vector after `skip` bytes, no more than `limit` bytes: into
 * out[ZAG_IOV_PIECE].  Returns the number of entries.
 */
int zag_iov_rest(const struct iovec *v, size_t n, size_t skip, size_t limit,
		 struct iovec *out);

#define ZAG_SYSCALL(nr, a, b, c, d, e, f)                            \
	(&(const struct zag_syscall){                                \
		(nr),                                                \
		{ ZAG_RAW_ARG(a), ZAG_RAW_ARG(b), ZAG_RAW_ARG(c),    \
		  ZAG_RAW_ARG(d), ZAG_RAW_ARG(e), ZAG_RAW_ARG(f) } })

/* A call that ends by itself, made on a helper thread. */
long zag_io_offload(const struct zag_syscall *call);
#define zag_offload_raw(nr, ...) zag_io_offload(ZAG_SYSCALL(nr, __VA_ARGS__))

/*
 * One that lasts until others do something.  A signal ends it; `restarts`: not
 * one with SA_RESTART.  Where no helper can be had, it holds its carrier.
 */
long zag_io_block(const struct zag_syscall *call, bool restarts);
#define zag_block_raw(restarts, nr, ...) \
	zag_io_block(ZAG_SYSCALL(nr, __VA_ARGS__), restarts)

/* One that seldom waits, and holds its carrier if it does. */
#define zag_stand_raw(restarts, nr, ...) \
	zag_standing_call(ZAG_SYSCALL(nr, __VA_ARGS__), restarts, 0)

/* preadv2 or pwritev2 (nr) that does not block; off -1: at the position. */
static inline long zag_sys_nowait(long nr, int fd, const struct iovec *v,
				  long n, long off)
{
	long r = zag_raw(nr, fd, v, n, off, 0, RWF_NOWAIT);

	return r == -ENOSYS ? -EOPNOTSUPP : r; /* an emulator, a filter */
}

/* The logic of the calls, for those made of others. */
long zag_io_read(int fd, void *buf, size_t len);
long zag_io_write(int fd, const void *buf, size_t len);
long zag_io_readv(int fd, const struct iovec *v, int n);
long zag_io_writev(int fd, const struct iovec *v, int n);
long zag_io_recv(int fd, void *buf, size_t len, int flags);
long zag_io_recvfrom(int fd, void *buf, size_t len, int flags,
		     struct sockaddr *from, socklen_t *fromlen);
long zag_io_recvmsg(int fd, struct msghdr *msg, int flags);
long zag_io_sendto(int fd, const void *buf, size_t len, int flags,
		   const struct sockaddr *to, socklen_t tolen);
long zag_io_sendmsg(int fd, const struct msghdr *msg, int flags);
long zag_io_accept(int fd, struct sockaddr *addr, socklen_t *len, int flags);
long zag_io_connect(int fd, const struct sockaddr *addr, socklen_t len);

/* read(2) of a blocking or non-blocking stream socket. */
long zag_io_recv_stream(int fd, void *buf, size_t len, int flags);
/* write(2) of one. */
long zag_io_send_stream(int fd, const char *buf, size_t len, int flags);
/* The rest of a vector on a stream, after `done` bytes; returns all of them. */
long zag_io_send_rest(int fd, const struct iovec *v, size_t n, size_t done,
		      int flags);

/* SO_RCVLOWAT of some socket was set: blocking reads have to ask for it. */
extern bool zag_io_lowat_used;

/* SO_LINGER was, with a time: close may wait for what is not yet sent. */
extern bool zag_io_linger_used;

#endif
