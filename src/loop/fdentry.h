/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor table from inside: for fdhint.c, fdwait.c and fdmany.c only.
 */
#ifndef ZAG_LOOP_FDENTRY_H
#define ZAG_LOOP_FDENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/queue.h"
#include "loop/fdwait.h"
#include "loop/poller.h"

struct zag_fd_entry;

/* A waiter in a descriptor's queue; on its stack. */
struct zag_fd_waiter {
	struct zag_wait *wait;
	TAILQ_ENTRY(zag_fd_waiter) link;
	struct zag_fd_entry *entry;
	struct zag_loop *loop; /* whose lock protects the link and `queued` */
	int fd, dir; /* dir: 0 in, 1 out */
	int copy;     /* fd being closed, it goes on with this, or -errno … */
	bool follows; /* … if so */
	bool queued;
	bool unwatched; /* the kernel does not tell of it */
};

struct zag_fd_dir {
	ev_io io;
	TAILQ_HEAD(, zag_fd_waiter) waiters;
	bool started;
	uint8_t idle; /* times in a row that it was ready and nobody waited */
};

/*
 * What we know of a descriptor.  `home` changes from NULL to a loop when the
 * descriptor is first waited for, and back under that loop's lock when it is
 * forgotten; the lock protects `dir`.  The hints are single words, good enough
 * to be raced for.
 */
struct zag_fd_entry {
	_Atomic(struct zag_loop *) home;
	_Atomic uint32_t flags_gen; /* when nonblock and timeouts were read */
	_Atomic uint8_t kind;
	_Atomic uint8_t nonblock;
	_Atomic uint8_t timeouts; /* bit 0 in, bit 1 out: one is set */
	_Atomic uint8_t domain; /* of a stream; 0: it was not asked for */
	_Atomic uint8_t drained;
	_Atomic uint8_t listens;  /* connections came from it */
	_Atomic uint8_t hits;	  /* reads that the page cache answered */
	_Atomic uint32_t plain;	  /* reads that need not ask it */
	_Atomic bool used; /* something above is not as at first */
	struct zag_mutex accept;
	struct zag_fd_dir dir[2];
};

enum { ZAG_FD_CHUNK = 512, ZAG_FD_CHUNKS = 8192 };

/* Chunks are made when first needed, and stay. */
extern _Atomic(struct zag_fd_entry *) zag_fd_table[ZAG_FD_CHUNKS];

static inline struct zag_fd_entry *zag_fd_lookup(int fd)
{
	struct zag_fd_entry *chunk;

	if ((unsigned)fd >= ZAG_FD_CHUNK * ZAG_FD_CHUNKS)
		return NULL;
	chunk = zag_load_acq(&zag_fd_table[fd / ZAG_FD_CHUNK]);
	return chunk ? &chunk[fd % ZAG_FD_CHUNK] : NULL;
}

/* The entry of fd, made if need be; NULL: too high, or no memory. */
struct zag_fd_entry *zag_fd_entry(int fd);

/* Nothing is known of the descriptor. */
void zag_fd_forget_hints(struct zag_fd_entry *e);

/*
 * Queue *w for fd's direction; its wait has begun.  `follows`: see wake_closed.
 * False: no memory; nothing wakes it.  Fiber, no lock held.
 */
bool zag_fd_add(struct zag_fd_waiter *w, struct zag_wait *wait, int fd, int dir,
		bool follows);

/* Take w back if it is still queued.  Whoever dequeues it does so under the
 * lock, and is done with it and its wait when we have had the lock. */
void zag_fd_withdraw(struct zag_fd_waiter *w);

/* Wait in poll(2): 0 when one of fds has something, else -errno. */
int zag_fd_poll(const struct pollfd *fds, nfds_t n, zag_time deadline);

#endif
