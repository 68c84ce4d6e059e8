/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptor table, and what is remembered of descriptors. */
#include "config.h"

#include "loop/fdentry.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <termios.h>

#include "base/page.h"
#include "base/raw.h"

_Atomic(struct zag_fd_entry *) zag_fd_table[ZAG_FD_CHUNKS];

/* Rises with every change of some descriptor's O_NONBLOCK or timeouts. */
static _Atomic uint32_t flags_gen = 1;

struct zag_fd_entry *zag_fd_entry(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd), *chunk, *none = NULL;

	if (e || (unsigned)fd >= ZAG_FD_CHUNK * ZAG_FD_CHUNKS)
		return e;
	chunk = zag_page_alloc(ZAG_FD_CHUNK * sizeof(*chunk));
	if (!chunk)
		return NULL;
	if (!zag_cas(&zag_fd_table[fd / ZAG_FD_CHUNK], &none, chunk))
		zag_page_free(chunk, ZAG_FD_CHUNK * sizeof(*chunk));
	return zag_fd_lookup(fd);
}

static enum zag_fd_kind socket_kind(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_STREAM ? ZAG_FD_STREAM : ZAG_FD_SOCKET;
}

/* null, zero, full and urandom are as files whose pages are all there: told not
 * to wait, they answer in part. */
static bool is_memory(dev_t dev)
{
	unsigned int n = minor(dev);

	return major(dev) == 1 && (n == 3 || n == 5 || n == 7 || n == 9);
}

static enum zag_fd_kind device_kind(int fd, dev_t dev)
{
	struct zag_ktermios {
		tcflag_t flags[4];
		cc_t line, cc[32];
	} t;

	if (is_memory(dev))
		return ZAG_FD_FILE;
	if (dev == makedev(5, 2)) /* /dev/ptmx */
		return ZAG_FD_OTHER;
	return zag_raw(SYS_ioctl, fd, TCGETS, &t) ? ZAG_FD_OTHER :
						    ZAG_FD_TERMINAL;
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
	case S_IFCHR:
		return device_kind(fd, st.st_rdev);
	default:
		return ZAG_FD_OTHER;
	}
}

static int ask_domain(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	return domain;
}

/*
 * getaddrinfo and getifaddrs close their netlink socket by a system call of
 * their own, past what tells us of closing: it must leave nothing behind.
 */
static bool closed_unseen(int fd, enum zag_fd_kind kind)
{
	return kind == ZAG_FD_SOCKET && ask_domain(fd) == AF_NETLINK;
}

enum zag_fd_kind zag_fd_kind_again(int fd)
{
	struct zag_fd_entry *e = zag_fd_entry(fd);
	enum zag_fd_kind kind = look(fd);

	if (e && kind != ZAG_FD_UNKNOWN && !closed_unseen(fd, kind)) {
		zag_store_rlx(&e->used, true);
		zag_store_rlx(&e->kind, kind);
		zag_store_rlx(&e->domain, 0);
	}
	return kind;
}

enum zag_fd_kind zag_fd_kind(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);
	enum zag_fd_kind kind = e ? zag_load_rlx(&e->kind) : ZAG_FD_UNKNOWN;

	return kind != ZAG_FD_UNKNOWN ? kind : zag_fd_kind_again(fd);
}

int zag_fd_domain(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);
	int domain = e ? zag_load_rlx(&e->domain) : 0;

	if (domain || zag_fd_kind(fd) != ZAG_FD_STREAM)
		return domain;
	domain = ask_domain(fd);
	if (e)
		zag_store_rlx(&e->domain, (uint8_t)domain);
	return domain;
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
static void read_flags(int fd, struct zag_fd_entry *e)
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

static struct zag_fd_entry *fresh_flags(int fd)
{
	struct zag_fd_entry *e = zag_fd_entry(fd);

	if (e && zag_load_acq(&e->flags_gen) != zag_load_acq(&flags_gen))
		read_flags(fd, e);
	return e;
}

bool zag_fd_nonblocking(int fd)
{
	struct zag_fd_entry *e = fresh_flags(fd);

	if (e)
		return zag_load_rlx(&e->nonblock);
	return zag_raw(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK;
}

zag_time zag_fd_io_deadline(int fd, int events)
{
	struct zag_fd_entry *e = fresh_flags(fd);
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
	struct zag_fd_entry *e = zag_fd_entry(fd);

	return e ? &e->accept : &beyond;
}

void zag_fd_set_listens(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);

	if (e && !zag_load_rlx(&e->listens)) {
		zag_store_rlx(&e->used, true);
		zag_store_rlx(&e->listens, 1);
	}
}

void zag_fd_set_drained(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);

	if (e && zag_load_rlx(&e->kind) == ZAG_FD_STREAM)
		zag_store_rlx(&e->drained, 1);
}

bool zag_fd_take_drained(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);

	if (!e || !zag_load_rlx(&e->drained))
		return false;
	zag_store_rlx(&e->drained, 0);
	return true;
}

uint8_t zag_fd_hits(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);
	uint8_t hits = e ? (uint8_t)(zag_load_rlx(&e->hits) + 1) : 1;

	if (e)
		zag_store_rlx(&e->hits, hits);
	return hits;
}

void zag_fd_set_plain(int fd, uint32_t reads)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);

	if (e)
		zag_store_rlx(&e->plain, reads);
}

uint32_t zag_fd_take_plain(int fd)
{
	struct zag_fd_entry *e = zag_fd_lookup(fd);
	uint32_t left = e ? zag_load_rlx(&e->plain) : 0;

	if (left && left != ZAG_FD_PLAIN_ALWAYS)
		zag_store_rlx(&e->plain, left - 1);
	return left;
}

void zag_fd_forget_hints(struct zag_fd_entry *e)
{
	zag_store_rlx(&e->flags_gen, 0);
	zag_store_rlx(&e->kind, ZAG_FD_UNKNOWN);
	zag_store_rlx(&e->domain, 0);
	zag_store_rlx(&e->drained, 0);
	zag_store_rlx(&e->listens, 0);
	zag_store_rlx(&e->hits, 0);
	zag_store_rlx(&e->plain, 0);
	zag_store_rlx(&e->used, false);
}
