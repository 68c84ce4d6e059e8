/* SPDX-License-Identifier: BSD-2-Clause */
/* flock, lockf, and fcntl's locks: tried, then waited for by a helper. */
#include "wrap/fd_lock.h"

#include "base/raw.h"
#include "wait/turn.h"
#include "wrap/held.h"
#include "wrap/io_core.h"
#include "wrap/real.h"

/* A lock as it is tried and as it is waited for. */
struct request {
	struct zag_syscall try, wait;
	struct zag_turn turn; /* who wants the very same */
};

static long try_lock(const struct request *q)
{
	const struct zag_syscall *c = &q->try;

	return zag_raw(c->nr, c->arg[0], c->arg[1], c->arg[2]);
}

static bool is_taken(long r)
{
	return r == -EAGAIN || r == -EACCES;
}

/* Somebody else has it.  At the bound of helpers, look now and then. */
static long wait_for_lock(const struct request *q)
{
	zag_time interval = 0;
	long r;

	do {
		if (zag_blocking_call(&q->wait, ZAG_NEVER, true, &r))
			return r;
		r = zag_backoff(&interval, ZAG_NEVER, true);
		if (r < 0)
			return r;
		r = try_lock(q);
	} while (is_taken(r));
	return r;
}

static long lock_in_turn(struct request *q)
{
	struct zag_held held ZAG_HELD;
	long r;

	zag_held_begin(&held, zag_turn_leave, &q->turn);
	r = zag_turn_enter(&q->turn, true);
	if (r < 0)
		return r;
	r = try_lock(q);
	return is_taken(r) ? wait_for_lock(q) : r;
}

/* The file, whichever descriptor it is known by. */
static void set_file(struct zag_turn *t, int fd)
{
	struct stat st = { 0 };

	zag_raw(SYS_fstat, fd, &st);
	t->key[0] = st.st_dev;
	t->key[1] = st.st_ino;
}

/*
 * A fiber that waits for such a lock holds none on the file: a conversion gives
 * up the old one first.  So those who want the same one are served alike; and
 * those who have the file open by the same descriptor get it together.
 */
static long zag_fd_flock(int fd, int op)
{
	struct request q = {
		.try = { SYS_flock, { fd, op | LOCK_NB } },
		.wait = { SYS_flock, { fd, op } },
		.turn.key[2] = (uint64_t)op,
		.turn.tag = (uint64_t)fd,
	};
	long r;

	if (op & LOCK_NB)
		return zag_raw(SYS_flock, fd, op);
	r = try_lock(&q);
	if (r != -EAGAIN)
		return r;
	set_file(&q.turn, fd);
	return lock_in_turn(&q);
}

/*
 * A record lock belongs to the process, so all its threads are alike; an open
 * file description's (F_OFD_SETLKW) differs from another one's.
 */
long zag_fd_setlk(int fd, int cmd, struct flock *l)
{
	struct request q = {
		.try = { SYS_fcntl, { fd, cmd, (long)l } },
		.wait = { SYS_fcntl, { fd, cmd, (long)l } },
	};
	long r;

	q.try.arg[1] = cmd == F_SETLKW ? F_SETLK : F_OFD_SETLK;
	r = try_lock(&q);
	if (!is_taken(r))
		return r;
	set_file(&q.turn, fd);
	q.turn.key[2] = 1ull << 32 | (unsigned int)cmd;
	q.turn.key[3] = (uint64_t)l->l_start;
	q.turn.key[4] = (uint64_t)l->l_len;
	q.turn.key[5] = (uint64_t)(uint16_t)l->l_type << 16 |
			(uint16_t)l->l_whence;
	if (cmd == F_OFD_SETLKW || l->l_whence != SEEK_SET)
		q.turn.key[5] |= (uint64_t)fd << 32;
	return lock_in_turn(&q);
}

static long zag_fd_lockf(int fd, off_t len)
{
	struct flock l = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_CUR,
		.l_len = len,
	};

	return zag_fd_setlk(fd, F_SETLKW, &l);
}

ZAG_EXPORT int flock(int fd, int op)
{
	if (!zag_on_fiber())
		return ZAG_REAL(flock)(fd, op);
	return (int)ZAG_NO_POINT(zag_fd_flock(fd, op));
}

ZAG_EXPORT int lockf(int fd, int cmd, off_t len)
{
	if (cmd != F_LOCK || !zag_on_fiber())
		return ZAG_REAL(lockf)(fd, cmd, len);
	return (int)ZAG_POINT(zag_fd_lockf(fd, len));
}

ZAG_ALIAS(lockf64, lockf);
