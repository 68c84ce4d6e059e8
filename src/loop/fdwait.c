/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors, and what is remembered of them. */
#include "config.h"

#include "loop/fdwait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "loop/poller.h"

struct entry;

/* A waiter in a descriptor's queue; on its stack. */
struct waiter {
	struct zag_wait *wait;
	struct waiter *next, **link;
	struct entry *entry;
	int fd, dir; /* dir: 0 in, 1 out */
	bool follows; /* fd being closed, it goes on with a copy … */
	int copy;     /* … which is this, or -errno */
	struct zag_loop *loop; /* whose lock protects the links and `queued` */
	bool queued;
};

struct direction {
	ev_io io;
	struct waiter *first, **last;
	bool started;
	uint8_t idle; /* times in a row that it was ready and nobody waited */
};

/*
 * What we know of a descriptor.  `home` changes from NULL to a loop when the
 * descriptor is first waited for, and back under that loop's lock when it is
 * forgotten; the lock protects `dir`.  The hints are single words, good enough
 * to be raced for.
 */
struct entry {
	_Atomic(struct zag_loop *) home;
	_Atomic uint32_t flags_gen; /* when nonblock and timeouts were read */
	_Atomic uint8_t kind;
	_Atomic uint8_t nonblock;
	_Atomic uint8_t timeouts; /* bit 0 in, bit 1 out: one is set */
	_Atomic uint8_t drained;
	_Atomic uint8_t listens;  /* connections came from it */
	_Atomic bool used; /* something above is not as at first */
	struct zag_mutex accept;
	struct direction dir[2];
};

enum { CHUNK = 512, CHUNKS = 8192, IDLE_MOST = 4 };
enum { RECHECK_NS = 10 * 1000 * 1000 };

static _Atomic(struct entry *) table[CHUNKS];

/* Rises with every change of some descriptor's O_NONBLOCK or timeouts. */
static _Atomic uint32_t flags_gen = 1;

static struct entry *lookup(int fd)
{
	struct entry *chunk;

	if ((unsigned)fd >= CHUNK * CHUNKS)
		return NULL;
	chunk = zag_load_acq(&table[fd / CHUNK]);
	return chunk ? &chunk[fd % CHUNK] : NULL;
}

static struct entry *entry_of(int fd)
{
	struct entry *e = lookup(fd), *chunk, *none = NULL;

	if (e || (unsigned)fd >= CHUNK * CHUNKS)
		return e;
	chunk = zag_page_alloc(CHUNK * sizeof(*chunk));
	if (!chunk)
		return NULL;
	if (!zag_cas(&table[fd / CHUNK], &none, chunk))
		zag_page_free(chunk, CHUNK * sizeof(*chunk));
	return lookup(fd);
}

/* --- hints -------------------------------------------------------------- */

static enum zag_fd_kind socket_kind(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_STREAM ? ZAG_FD_STREAM : ZAG_FD_SOCKET;
}

static enum zag_fd_kind look(int fd)
{
	struct stat st;

	if (zag_raw(SYS_fstat, fd, &st))
		return ZAG_FD_UNKNOWN;
	switch (st.st_mode & S_IFMT) {
	case S_IFSOCK:
		return socket_kind(fd);
	case S_IFIFO:
		return ZAG_FD_PIPE;
	case S_IFREG:
	case S_IFDIR:
	case S_IFBLK:
		return ZAG_FD_FILE;
	default:
		return ZAG_FD_OTHER;
	}
}

enum zag_fd_kind zag_fd_kind_again(int fd)
{
	struct entry *e = entry_of(fd);
	enum zag_fd_kind kind = look(fd);

	if (e && kind != ZAG_FD_UNKNOWN) {
		zag_store_rlx(&e->used, true);
		zag_store_rlx(&e->kind, kind);
	}
	return kind;
}

enum zag_fd_kind zag_fd_kind(int fd)
{
	struct entry *e = lookup(fd);
	enum zag_fd_kind kind = e ? zag_load_rlx(&e->kind) : ZAG_FD_UNKNOWN;

	return kind != ZAG_FD_UNKNOWN ? kind : zag_fd_kind_again(fd);
}

void zag_fd_flags_changed(void)
{
	zag_add(&flags_gen, 1);
}

static bool timeout_set(int fd, int option, struct timeval *tv)
{
	socklen_t len = sizeof(*tv);

	return !zag_raw(SYS_getsockopt, fd, SOL_SOCKET, option, tv, &len) &&
	       (tv->tv_sec || tv->tv_usec);
}

static uint8_t read_timeouts(int fd)
{
	enum zag_fd_kind kind = zag_fd_kind(fd);
	struct timeval tv;
	uint8_t set = 0;

	if (kind != ZAG_FD_STREAM && kind != ZAG_FD_SOCKET)
		return 0;
	if (timeout_set(fd, SO_RCVTIMEO, &tv))
		set |= ZAG_IN;
	if (timeout_set(fd, SO_SNDTIMEO, &tv))
		set |= ZAG_OUT;
	return set;
}

/* Read O_NONBLOCK and the timeouts, and remember them.  The timeouts are of no
 * use where nothing waits: whoever asks all the same looks for himself. */
static void read_flags(int fd, struct entry *e)
{
	uint32_t gen = zag_load_acq(&flags_gen);
	long fl = zag_raw(SYS_fcntl, fd, F_GETFL, 0);
	bool nonblock = fl >= 0 && (fl & O_NONBLOCK);

	zag_store_rlx(&e->used, true);
	zag_store_rlx(&e->nonblock, nonblock);
	zag_store_rlx(&e->timeouts,
		      nonblock ? ZAG_IN | ZAG_OUT : read_timeouts(fd));
	zag_store_rel(&e->flags_gen, fl >= 0 ? gen : 0);
}

static struct entry *fresh_flags(int fd)
{
	struct entry *e = entry_of(fd);

	if (e && zag_load_acq(&e->flags_gen) != zag_load_acq(&flags_gen))
		read_flags(fd, e);
	return e;
}

bool zag_fd_nonblocking(int fd)
{
	struct entry *e = fresh_flags(fd);

	if (e)
		return zag_load_rlx(&e->nonblock);
	return zag_raw(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK;
}

zag_time zag_fd_io_deadline(int fd, int events)
{
	struct entry *e = fresh_flags(fd);
	int option = events == ZAG_IN ? SO_RCVTIMEO : SO_SNDTIMEO;
	struct timespec ts;
	struct timeval tv;

	if (e && !(zag_load_rlx(&e->timeouts) & events))
		return ZAG_NEVER;
	if (!timeout_set(fd, option, &tv))
		return ZAG_NEVER;
	ts = (struct timespec){ tv.tv_sec, tv.tv_usec * 1000 };
	return zag_deadline_rel(&ts);
}

struct zag_mutex *zag_fd_accept_lock(int fd)
{
	static struct zag_mutex beyond; /* for numbers outside the table */
	struct entry *e = entry_of(fd);

	return e ? &e->accept : &beyond;
}

void zag_fd_set_listens(int fd)
{
	struct entry *e = lookup(fd);

	if (e && !zag_load_rlx(&e->listens)) {
		zag_store_rlx(&e->used, true);
		zag_store_rlx(&e->listens, 1);
	}
}

void zag_fd_set_drained(int fd)
{
	struct entry *e = lookup(fd);

	if (e && zag_load_rlx(&e->kind) == ZAG_FD_STREAM)
		zag_store_rlx(&e->drained, 1);
}

bool zag_fd_take_drained(int fd)
{
	struct entry *e = lookup(fd);

	if (!e || !zag_load_rlx(&e->drained))
		return false;
	zag_store_rlx(&e->drained, 0);
	return true;
}

/* --- queues ------------------------------------------------------------- */

static void unlink_waiter(struct waiter *w)
{
	struct direction *d = &w->entry->dir[w->dir];

	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	else
		d->last = w->link;
	zag_sub(&w->loop->waiting, 1);
	w->queued = false;
}

/* Wake the first waiter that nobody else has claimed.  The lock is held. */
static bool wake_first(struct direction *d, enum zag_wake reason)
{
	while (d->first) {
		struct waiter *w = d->first;
		struct zag_wait *wait = w->wait;

		unlink_waiter(w);
		if (wait->fiber && zag_load_rlx(&w->entry->listens))
			zag_store_rlx(&wait->fiber->urgent, true);
		if (zag_wait_wake(wait, reason))
			return true;
	}
	return false;
}

/* The descriptor will be closed: all waiters wake.  The lock is held. */
static void wake_closed(struct direction *d)
{
	while (d->first) {
		struct waiter *w = d->first;

		unlink_waiter(w);
		if (w->follows)
			w->copy = zag_ownfd_copy(w->fd);
		if (!zag_wait_wake(w->wait, ZAG_WAKE_CLOSED) && w->copy >= 0)
			zag_ownfd_close(w->copy);
	}
}

/*
 * The descriptor is ready: one waiter wakes, the watcher stays.  Often the
 * same fiber waits again soon, which then costs no system call.  A watcher
 * that time and again finds nobody waiting is stopped.
 */
static void on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
	struct direction *d = zag_container_of(io, struct direction, io);
	struct zag_loop *l = zag_ev.ev_userdata(ev);

	if (revents & EV_ERROR) { /* libev has stopped it: a stale number */
		d->started = false;
		while (wake_first(d, ZAG_WAKE_READY))
			l->woken++;
	} else if (wake_first(d, ZAG_WAKE_READY)) {
		l->woken++;
	} else if (++d->idle >= IDLE_MOST) {
		zag_ev.ev_io_stop(ev, io);
		d->started = false;
	}
}

/* The loop at which fd is at home, locked; the caller's, if it has none. */
static struct zag_loop *lock_home(struct entry *e)
{
	for (;;) {
		struct zag_loop *l = zag_load_acq(&e->home), *none = NULL;

		if (!l) {
			l = zag_loop_here();
			if (!zag_cas(&e->home, &none, l))
				continue;
			zag_store_rlx(&e->used, true);
		}
		zag_lock(&l->lock);
		if (zag_load_acq(&e->home) == l)
			return l;
		zag_unlock(&l->lock);
	}
}

static void start(struct zag_loop *l, struct direction *d, int fd, int dir)
{
	if (!ev_cb(&d->io))
		ev_init(&d->io, on_ready);
	/* After forget, set is what makes libev register it anew. */
	if (d->io.fd != fd || !d->io.events)
		ev_io_set(&d->io, fd, dir ? EV_WRITE : EV_READ);
	zag_ev.ev_io_start(l->ev, &d->io);
	d->started = true;
}

/* Queue w; its wait has begun.  Returns whether the loop must be nudged. */
static bool enqueue(struct waiter *w)
{
	struct direction *d = &w->entry->dir[w->dir];
	bool started = false;

	w->loop = lock_home(w->entry);
	w->queued = true;
	w->next = NULL;
	if (!d->first)
		d->last = &d->first;
	w->link = d->last;
	*d->last = w;
	d->last = &w->next;
	zag_add(&w->loop->waiting, 1);
	d->idle = 0;
	if (!d->started) {
		start(w->loop, d, w->fd, w->dir);
		started = true;
	}
	return started;
}

static bool add(struct waiter *w, struct zag_wait *wait, int fd, int dir,
		bool follows)
{
	struct zag_loop *l;
	bool started;

	*w = (struct waiter){
		.wait = wait,
		.fd = fd,
		.dir = dir,
		.follows = follows,
		.copy = -EBADF,
	};
	w->entry = entry_of(fd);
	if (!w->entry)
		return false;
	started = enqueue(w);
	l = w->loop;
	zag_unlock(&l->lock);
	if (started)
		zag_loop_nudge(l);
	return true;
}

/* Take w back if it is still queued.  Whoever dequeues it does so under the
 * lock, and is done with it and its wait when we have had the lock. */
static void withdraw(struct waiter *w)
{
	zag_lock(&w->loop->lock);
	if (w->queued)
		unlink_waiter(w);
	zag_unlock(&w->loop->lock);
}

/* --- waiting ------------------------------------------------------------ */

/* The kernel writes revents: what it says there the caller asks for again. */
static int native_poll(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	zag_time left = deadline == ZAG_NEVER ?
				0 :
				zag_deadline_mono(deadline) - zag_now();
	struct timespec ts = { left / ZAG_NSEC, left % ZAG_NSEC };
	long r;

	if (left < 0)
		ts = (struct timespec){ 0, 0 };
	r = zag_raw(SYS_ppoll, fds, n, deadline == ZAG_NEVER ? NULL : &ts,
		    NULL, 0);
	return r > 0 ? 0 : r == 0 ? -ETIMEDOUT : (int)r;
}

static int wait_fd(int fd, int events, zag_time deadline, bool restarts,
		   int *follow)
{
	struct zag_wait wait;
	struct waiter w;
	enum zag_wake reason;

	if (!zag_fiber_self() || !entry_of(fd)) {
		struct pollfd p = {
			.fd = fd,
			.events = events == ZAG_IN ? POLLIN : POLLOUT,
		};

		return native_poll(&p, 1, deadline);
	}
	zag_wait_begin(&wait);
	zag_why_default(events == ZAG_OUT ? &zag_why_output : &zag_why_input,
			(uintptr_t)fd);
	add(&w, &wait, fd, events == ZAG_OUT, follow != NULL);
	reason = zag_wait_sleep(&wait, deadline);
	if (reason != ZAG_WAKE_READY)
		withdraw(&w);
	if (reason == ZAG_WAKE_CLOSED && follow && w.copy >= 0) {
		*follow = w.copy;
		return 0;
	}
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(restarts);
	return zag_wake_errno(reason);
}

int zag_fd_wait(int fd, int events, zag_time deadline)
{
	return wait_fd(fd, events, deadline, deadline == ZAG_NEVER, NULL);
}

int zag_fd_wait_on(int *fd, int events, zag_time deadline)
{
	return wait_fd(*fd, events, deadline, deadline == ZAG_NEVER, fd);
}

int zag_fd_wait_restarting(int fd, int events, zag_time deadline)
{
	return wait_fd(fd, events, deadline, true, NULL);
}

/* --- several at once ---------------------------------------------------- */

enum {
	FEW = 8, /* watched without asking for memory */
	PLAIN_IN = POLLIN | POLLRDNORM,
	PLAIN_OUT = POLLOUT | POLLWRNORM,
};

/*
 * What libev cannot express: it knows readable and writable.  A nested epoll
 * set takes these, and is itself readable when one of them is so.  A set costs
 * several system calls a wait; POLLRDHUP never comes without POLLIN, so who
 * asks for both needs none.
 */
static bool special(const struct pollfd *p)
{
	short odd = POLLPRI | POLLRDBAND;

	if (!(p->events & PLAIN_IN))
		odd |= POLLRDHUP;
	return p->fd >= 0 &&
	       ((p->events & odd) || !(p->events & (PLAIN_IN | PLAIN_OUT)));
}

/* epoll(7) takes a descriptor once, poll(2) as often as one likes. */
static void add_special(long set, const struct pollfd *fds, nfds_t i)
{
	struct epoll_event ev = { .events = (uint32_t)fds[i].events };

	if (zag_raw(SYS_epoll_ctl, set, EPOLL_CTL_ADD, fds[i].fd, &ev) !=
	    -EEXIST)
		return;
	for (nfds_t k = 0; k < i; k++)
		if (fds[k].fd == fds[i].fd && special(&fds[k]))
			ev.events |= (uint32_t)fds[k].events;
	zag_raw(SYS_epoll_ctl, set, EPOLL_CTL_MOD, fds[i].fd, &ev);
}

static int nested_set(const struct pollfd *fds, nfds_t n)
{
	long set = -1;

	for (nfds_t i = 0; i < n; i++) {
		if (!special(&fds[i]))
			continue;
		if (set == -1)
			set = zag_raw(SYS_epoll_create1, EPOLL_CLOEXEC);
		if (set >= 0)
			add_special(set, fds, i);
	}
	return (int)set;
}

/* One waiter per descriptor and direction; returns how many. */
static nfds_t add_all(struct waiter *w, struct zag_wait *wait,
		      const struct pollfd *fds, nfds_t n, int set)
{
	nfds_t used = 0;

	if (set >= 0)
		used += add(&w[used], wait, set, 0, false);
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].fd < 0 || special(&fds[i]))
			continue;
		if (fds[i].events & PLAIN_IN)
			used += add(&w[used], wait, fds[i].fd, 0, false);
		if (fds[i].events & PLAIN_OUT)
			used += add(&w[used], wait, fds[i].fd, 1, false);
	}
	return used;
}

static int wait_many(struct waiter *w, const struct pollfd *fds, nfds_t n,
		     zag_time deadline)
{
	int set = nested_set(fds, n);
	zag_time until = deadline;
	struct zag_wait wait;
	enum zag_wake reason;
	nfds_t used;
	int r;

	/* No descriptor for the set: ask the kernel again now and then. */
	if (set < -1)
		until = zag_min(deadline, zag_now() + RECHECK_NS);

	zag_wait_begin(&wait);
	zag_why_default(&zag_why_poll, n);
	used = add_all(w, &wait, fds, n, set);
	reason = zag_wait_sleep(&wait, until);
	if (reason == ZAG_WAKE_TIMEOUT && until != deadline)
		reason = ZAG_WAKE_READY;
	for (nfds_t i = 0; i < used; i++)
		withdraw(&w[i]);
	if (set >= 0) {
		zag_fd_forget(set);
		zag_raw(SYS_close, set);
	}
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(false);
	/* One that was closed: the kernel's poll says POLLNVAL. */
	r = zag_wake_errno(reason);
	return r == -EBADF ? 0 : r;
}

int zag_fd_wait_many(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	struct waiter few[FEW], *many;
	nfds_t most = 2 * n + 1;
	int r;

	if (!zag_fiber_self())
		return native_poll(fds, n, deadline);
	if (most <= FEW)
		return wait_many(few, fds, n, deadline);
	many = zag_heap_realloc(NULL, (long)(most * sizeof(*many)));
	if (!many)
		return -ENOMEM;
	r = wait_many(many, fds, n, deadline);
	zag_heap_realloc(many, 0);
	return r;
}

static void drop(int fd, bool closed)
{
	struct entry *e = lookup(fd);
	struct zag_loop *l;

	if (!e || !zag_load_rlx(&e->used))
		return;
	l = zag_load_acq(&e->home);
	if (l) {
		l = lock_home(e);
		for (int i = 0; i < 2; i++) {
			struct direction *d = &e->dir[i];

			if (closed)
				wake_closed(d);
			while (wake_first(d, ZAG_WAKE_READY))
				;
			if (d->started)
				zag_ev.ev_io_stop(l->ev, &d->io);
			d->started = false;
			d->io.events = 0;
		}
		zag_store_rel(&e->home, NULL);
		zag_unlock(&l->lock);
	}
	zag_store_rlx(&e->flags_gen, 0);
	zag_store_rlx(&e->kind, ZAG_FD_UNKNOWN);
	zag_store_rlx(&e->drained, 0);
	zag_store_rlx(&e->listens, 0);
	zag_store_rlx(&e->used, false);
}

void zag_fd_forget(int fd)
{
	drop(fd, true);
}

void zag_fd_replaced(int fd)
{
	drop(fd, false);
}

void zag_fd_forget_range(unsigned first, unsigned last)
{
	last = zag_min(last, (unsigned)(CHUNK * CHUNKS - 1));
	for (unsigned fd = first; fd <= last; fd++) {
		if (zag_load_acq(&table[fd / CHUNK]))
			zag_fd_forget((int)fd);
		else
			fd = fd / CHUNK * CHUNK + CHUNK - 1;
	}
}

void zag_fd_reset(void)
{
	for (int i = 0; i < CHUNKS; i++) {
		struct entry *chunk = zag_load_rlx(&table[i]);

		if (chunk)
			memset(chunk, 0, CHUNK * sizeof(*chunk));
	}
}
