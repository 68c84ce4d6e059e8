/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors: the queues, and what closing does to them. */
#include "config.h"

#include "loop/fdentry.h"

#include <errno.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/ownfd.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "wait/blocking.h"

enum { IDLE_MOST = 4, UNWATCHED_NS = 5 * 1000 * 1000 };

/* --- queues ------------------------------------------------------------- */

static void unlink_waiter(struct zag_fd_waiter *w)
{
	TAILQ_REMOVE(&w->entry->dir[w->dir].waiters, w, link);
	zag_sub(&w->loop->waiting, 1);
	w->queued = false;
}

/* Wake the first waiter that nobody else has claimed.  The lock is held. */
static bool wake_first(struct zag_fd_dir *d, enum zag_wake reason)
{
	struct zag_fd_waiter *w;

	while ((w = TAILQ_FIRST(&d->waiters))) {
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
static void wake_closed(struct zag_fd_dir *d)
{
	struct zag_fd_waiter *w;

	while ((w = TAILQ_FIRST(&d->waiters))) {
		unlink_waiter(w);
		if (w->follows)
			w->copy = zag_ownfd_copy(w->fd);
		if (!zag_wait_wake(w->wait, ZAG_WAKE_CLOSED) && w->copy >= 0)
			zag_ownfd_close(w->copy);
	}
}

/* The kernel does not take it: a stale number, or one watch too many, or a set
 * in too many sets.  How many woke; the lock is held. */
static uint32_t wake_unwatched(struct zag_fd_dir *d)
{
	struct zag_fd_waiter *w;
	uint32_t woken = 0;

	while ((w = TAILQ_FIRST(&d->waiters))) {
		unlink_waiter(w);
		w->unwatched = true;
		woken += zag_wait_wake(w->wait, ZAG_WAKE_READY);
	}
	return woken;
}

/*
 * The descriptor is ready: one waiter wakes, the watcher stays.  Often the
 * same fiber waits again soon, which then costs no system call.  A watcher
 * that time and again finds nobody waiting is stopped.
 */
static void on_ready(struct ev_loop *ev, ev_io *io, int revents)
{
	struct zag_fd_dir *d = zag_container_of(io, struct zag_fd_dir, io);
	struct zag_loop *l = zag_ev.ev_userdata(ev);

	if (revents & EV_ERROR) { /* libev has stopped it */
		d->started = false;
		d->io.events = 0;
		l->woken += wake_unwatched(d);
	} else if (wake_first(d, ZAG_WAKE_READY)) {
		l->woken++;
	} else if (++d->idle >= IDLE_MOST) {
		zag_ev.ev_io_stop(ev, io);
		d->started = false;
	}
}

/* The loop at which fd is at home, locked; the caller's, if it has none. */
static struct zag_loop *lock_home(struct zag_fd_entry *e)
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

static void start(struct zag_loop *l, struct zag_fd_dir *d, int fd, int dir)
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
static bool enqueue(struct zag_fd_waiter *w)
{
	struct zag_fd_dir *d = &w->entry->dir[w->dir];
	bool started = false;

	w->loop = lock_home(w->entry);
	w->queued = true;
	ZAG_TAILQ_APPEND(&d->waiters, w, link);
	zag_add(&w->loop->waiting, 1);
	d->idle = 0;
	if (!d->started) {
		start(w->loop, d, w->fd, w->dir);
		started = true;
	}
	return started;
}

bool zag_fd_add(struct zag_fd_waiter *w, struct zag_wait *wait, int fd, int dir,
		bool follows)
{
	struct zag_loop *l;
	bool started;

	*w = (struct zag_fd_waiter){
		.wait = wait,
		.fd = fd,
		.dir = dir,
		.follows = follows,
		.copy = -EBADF,
	};
	w->entry = zag_fd_entry(fd);
	if (!w->entry)
		return false;
	started = enqueue(w);
	l = w->loop;
	zag_unlock(&l->lock);
	if (started)
		zag_loop_nudge(l);
	return true;
}

void zag_fd_withdraw(struct zag_fd_waiter *w)
{
	zag_lock(&w->loop->lock);
	if (w->queued)
		unlink_waiter(w);
	zag_unlock(&w->loop->lock);
}

/* --- waiting ------------------------------------------------------------ */

/* The kernel writes revents: what it says there the caller asks for again. */
int zag_fd_poll(const struct pollfd *fds, nfds_t n, zag_time deadline)
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

/* These two are apart to keep the frames of parked fibers small. */
ZAG_NOINLINE static int wait_native(int fd, int events, zag_time deadline)
{
	struct pollfd p = {
		.fd = fd,
		.events = events == ZAG_IN ? POLLIN : POLLOUT,
	};

	return zag_fd_poll(&p, 1, deadline);
}

/* Where nobody tells: now and then. */
ZAG_NOINLINE static int wait_unwatched(zag_time deadline, bool restarts)
{
	zag_time look = UNWATCHED_NS / 2;

	return zag_backoff(&look, deadline, restarts);
}

static int wait_fd(int fd, int events, zag_time deadline, bool restarts,
		   int *follow)
{
	struct zag_wait wait;
	struct zag_fd_waiter w;
	enum zag_wake reason;

	if (!zag_fiber_self())
		return wait_native(fd, events, deadline);
	if (!zag_fd_entry(fd))
		return wait_unwatched(deadline, restarts);
	zag_wait_begin(&wait);
	zag_why_default(events == ZAG_OUT ? &zag_why_output : &zag_why_input,
			(uintptr_t)fd);
	zag_fd_add(&w, &wait, fd, events == ZAG_OUT, follow != NULL);
	reason = zag_wait_sleep(&wait, deadline);
	if (reason != ZAG_WAKE_READY)
		zag_fd_withdraw(&w);
	if (reason == ZAG_WAKE_CLOSED && follow && w.copy >= 0) {
		*follow = w.copy;
		return 0;
	}
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(restarts);
	if (reason == ZAG_WAKE_READY && w.unwatched)
		return wait_unwatched(deadline, restarts);
	return zag_wake_errno(reason);
}

int zag_fd_wait(int fd, int events, zag_time deadline)
{
	return wait_fd(fd, events, deadline, deadline == ZAG_NEVER, NULL);
}

int zag_fd_wait_on(int *fd, int events, zag_time deadline, bool restarts)
{
	return wait_fd(*fd, events, deadline, restarts, fd);
}

/* --- closing ------------------------------------------------------------ */

static void drop(int fd, bool closed)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);
	struct zag_loop *l;

	if (!e || !zag_load_rlx(&e->used))
		return;
	l = zag_load_acq(&e->home);
	if (l) {
		l = lock_home(e);
		for (int i = 0; i < 2; i++) {
			struct zag_fd_dir *d = &e->dir[i];

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
	zag_fd_forget_hints(e);
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
	last = zag_min(last, (unsigned)(ZAG_FD_CHUNK * ZAG_FD_CHUNKS - 1));
	for (unsigned fd = first; fd <= last; fd++) {
		if (zag_load_acq(&zag_fd_table[fd / ZAG_FD_CHUNK]))
			zag_fd_forget((int)fd);
		else
			fd |= ZAG_FD_CHUNK - 1;
	}
}

static void wake_writers(struct zag_fd_entry *e)
{
	struct zag_loop *l;

	if (!zag_load_acq(&e->home))
		return;
	l = lock_home(e);
	while (wake_first(&e->dir[1], ZAG_WAKE_READY))
		;
	zag_unlock(&l->lock);
}

void zag_fd_wake_writers(void)
{
	for (int i = 0; i < ZAG_FD_CHUNKS; i++) {
		struct zag_fd_entry *chunk = zag_load_acq(&zag_fd_table[i]);

		for (int k = 0; chunk && k < ZAG_FD_CHUNK; k++)
			wake_writers(&chunk[k]);
	}
}

void zag_fd_reset(void)
{
	for (int i = 0; i < ZAG_FD_CHUNKS; i++) {
		struct zag_fd_entry *chunk = zag_load_rlx(&zag_fd_table[i]);

		if (chunk)
			memset(chunk, 0, ZAG_FD_CHUNK * sizeof(*chunk));
	}
}
