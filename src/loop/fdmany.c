/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for several descriptors at once: poll, select, epoll sets. */
#include "config.h"

#include "loop/fdentry.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/why.h"
#include "wait/blocking.h"

enum { RECHECK_NS = 10 * 1000 * 1000 };

enum {
	FEW = 8, /* watched without asking for memory */
	PLAIN_IN = POLLIN | POLLRDNORM,
	PLAIN_OUT = POLLOUT | POLLWRNORM,
};

/*
 * What libev cannot express: it knows readable and writable.  A nested epoll
 * set takes these, and is itself readable when one of them is so.  That costs
 * two system calls a wait, or nine if the set is a new one; POLLRDHUP never
 * comes without POLLIN, so who asks for both needs none.
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

/* An empty one of this loop's, or a new one, out of the numbers that the program
 * expects to get. */
static int get_set(void)
{
	struct zag_loop *l = zag_loop_here();
	int set = -1;

	zag_lock(&l->lock);
	if (l->set_count)
		set = l->sets[--l->set_count];
	zag_unlock(&l->lock);
	if (set >= 0)
		return set;
	return zag_ownfd_move((int)zag_raw(SYS_epoll_create1, EPOLL_CLOEXEC));
}

/* Whether it is empty now: a descriptor that was closed, and whose file is open
 * elsewhere, stays in it. */
static bool empty(int set, const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++)
		if (special(&fds[i]) &&
		    zag_raw(SYS_epoll_ctl, set, EPOLL_CTL_DEL, fds[i].fd, NULL))
			return false;
	return true;
}

/* The loop that watches it, if one does, may have it again.  Only one that the
 * program cannot close: its number would be another file's. */
static void put_set(struct zag_loop *l, int set, const struct pollfd *fds,
		    nfds_t n)
{
	if (l && zag_ownfd((unsigned)set) && empty(set, fds, n)) {
		zag_lock(&l->lock);
		if (l->set_count < ZAG_LOOP_SETS) {
			l->sets[l->set_count++] = set;
			set = -1;
		}
		zag_unlock(&l->lock);
	}
	if (set >= 0) {
		zag_fd_forget(set);
		zag_ownfd_close(set);
	}
}

static int nested_set(const struct pollfd *fds, nfds_t n)
{
	int set = -1;

	for (nfds_t i = 0; i < n; i++) {
		if (!special(&fds[i]))
			continue;
		if (set == -1)
			set = get_set();
		if (set >= 0)
			add_special(set, fds, i);
	}
	return set;
}

struct many {
	struct zag_fd_waiter *w;
	nfds_t used;
	bool all; /* there was memory for each */
};

static void add(struct many *m, struct zag_wait *wait, int fd, int dir)
{
	if (zag_fd_add(&m->w[m->used], wait, fd, dir, false))
		m->used++;
	else
		m->all = false;
}

/* One waiter per descriptor and direction. */
static void add_all(struct many *m, struct zag_wait *wait,
		    const struct pollfd *fds, nfds_t n, int set)
{
	if (set >= 0)
		add(m, wait, set, 0);
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].fd < 0 || special(&fds[i]))
			continue;
		if (fds[i].events & PLAIN_IN)
			add(m, wait, fds[i].fd, 0);
		if (fds[i].events & PLAIN_OUT)
			add(m, wait, fds[i].fd, 1);
	}
}

static int wait_many(struct zag_fd_waiter *w, const struct pollfd *fds,
		     nfds_t n, zag_time deadline)
{
	int set = nested_set(fds, n);
	struct many m = { .w = w, .all = set >= -1 };
	zag_time until = deadline;
	struct zag_wait wait;
	enum zag_wake reason;
	bool unwatched = false;
	zag_time look = RECHECK_NS / 2;
	int r;

	zag_wait_begin(&wait);
	zag_why_default(&zag_why_poll, n);
	add_all(&m, &wait, fds, n, set);
	if (!m.all) /* nobody tells of some: ask the kernel now and then */
		until = zag_min(deadline, zag_now() + RECHECK_NS);
	reason = zag_wait_sleep(&wait, until);
	if (reason == ZAG_WAKE_TIMEOUT && until != deadline)
		reason = ZAG_WAKE_READY;
	for (nfds_t i = 0; i < m.used; i++) {
		zag_fd_withdraw(&w[i]);
		unwatched = unwatched || w[i].unwatched;
	}
	if (set >= 0) /* added first, if there was memory */
		put_set(m.used && w[0].fd == set && !unwatched ? w[0].loop : NULL,
			set, fds, n);
	if (reason == ZAG_WAKE_SIGNAL)
		return zag_wait_interrupted(false);
	if (reason == ZAG_WAKE_READY && unwatched)
		return zag_backoff(&look, deadline, false);
	/* One that was closed: the kernel's poll says POLLNVAL. */
	r = zag_wake_errno(reason);
	return r == -EBADF ? 0 : r;
}

int zag_fd_wait_many(const struct pollfd *fds, nfds_t n, zag_time deadline)
{
	struct zag_fd_waiter few[FEW], *many;
	nfds_t most = 2 * n + 1;
	int r;

	if (!zag_fiber_self())
		return zag_fd_poll(fds, n, deadline);
	if (most <= FEW)
		return wait_many(few, fds, n, deadline);
	many = zag_heap_realloc(NULL, (long)(most * sizeof(*many)));
	if (!many)
		return -ENOMEM;
	r = wait_many(many, fds, n, deadline);
	zag_heap_realloc(many, 0);
	return r;
}
