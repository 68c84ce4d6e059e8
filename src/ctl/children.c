/* SPDX-License-Identifier: BSD-2-Clause */
/* The process's children: told to end, then killed. */
#include "config.h"

#include "ctl/children.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/page.h"
#include "base/procdir.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/signal.h"

enum {
	PIDS = 1 << 22, /* the kernel's PID_MAX_LIMIT */
	MAP = PIDS / 8,
	ROOM = 16, /* descriptors */
};

/* Sets a pid's bit; whether it was set.  Without memory each is a new one. */
static bool mark(uint64_t *map, uint32_t pid)
{
	uint64_t bit = UINT64_C(1) << pid % 64;
	bool was;

	if (!map || pid >= PIDS)
		return false;
	was = map[pid / 64] & bit;
	map[pid / 64] |= bit;
	return was;
}

/* --- /proc --------------------------------------------------------------- */

/* The process is at its limit; it is about to end, so it may have some more. */
static bool make_room(void)
{
	struct rlimit64 lim;

	if (zag_raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &lim) ||
	    lim.rlim_cur >= lim.rlim_max)
		return false;
	lim.rlim_cur = zag_min(lim.rlim_cur + ROOM, lim.rlim_max);
	return !zag_raw(SYS_prlimit64, 0, RLIMIT_NOFILE, &lim, NULL);
}

static long open_proc(const char *path, int flags)
{
	long fd;

	do {
		fd = zag_raw(SYS_openat, AT_FDCWD, path,
			     O_RDONLY | O_CLOEXEC | flags);
	} while (fd == -EMFILE && make_room());
	return fd;
}

/* Whether a process lives, that is, is no zombie; and its name. */
static bool lives(uint32_t pid, char *name)
{
	char path[32], stat[128];
	char *open, *close;
	long fd, n;

	zag_format(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open_proc(path, 0);
	if (fd < 0)
		return false;
	n = zag_raw(SYS_read, fd, stat, sizeof(stat) - 1);
	zag_raw(SYS_close, fd);
	stat[n > 0 ? n : 0] = '\0';
	open = strchr(stat, '(');
	close = strrchr(stat, ')'); /* a name may hold anything */
	if (!open || !close || close[1] != ' ')
		return false;
	*close = '\0';
	zag_format(name, sizeof(((struct zag_child *)0)->name), "%s", open + 1);
	return close[2] != 'Z' && close[2] != 'X';
}

/* NULL: only to count them. */
typedef void child_fn(struct zag_children *c, uint32_t pid, const char *name);

static void look_at(struct zag_children *c, uint32_t pid, child_fn *fn)
{
	char name[sizeof(((struct zag_child *)0)->name)];

	if (!pid || !lives(pid, name))
		return;
	c->living++;
	if (fn)
		fn(c, pid, name);
}

/* The numbers in a file. */
static void read_pids(struct zag_children *c, long fd, child_fn *fn)
{
	uint32_t pid = 0;
	char buf[1024];
	long n;

	while ((n = zag_raw(SYS_read, fd, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (uint32_t)(buf[i] - '0');
				continue;
			}
			look_at(c, pid, fn);
			pid = 0;
		}
	look_at(c, pid, fn);
}

struct visit {
	struct zag_children *c;
	child_fn *fn;
};

/* The kernel keeps them by the thread that has made them. */
static void each_of_thread(uint32_t tid, void *visit)
{
	const struct visit *v = visit;
	char path[64];
	long fd;

	zag_format(path, sizeof(path), "/proc/self/task/%u/children", tid);
	fd = open_proc(path, 0);
	if (fd < 0)
		return;
	read_pids(v->c, fd, v->fn);
	zag_raw(SYS_close, fd);
}

static void each_thread(zag_procdir_fn *fn, void *arg)
{
	long fd = open_proc("/proc/self/task", O_DIRECTORY);

	if (fd < 0)
		return;
	zag_procdir_each(fd, fn, arg);
	zag_raw(SYS_close, fd);
}

static void each(struct zag_children *c, child_fn *fn)
{
	struct visit v = { c, fn };

	c->living = 0;
	/* Most programs have none. */
	if (zag_raw(SYS_waitid, P_ALL, 0, NULL,
		    WEXITED | WNOHANG | WNOWAIT | __WALL, NULL) != -ECHILD)
		each_thread(each_of_thread, &v);
}

/* --- what is done to them ------------------------------------------------ */

static void tell(struct zag_children *c, uint32_t pid, const char *name)
{
	(void)name;
	if (mark(c->seen, pid))
		return;
	c->told++;
	zag_raw(SYS_kill, pid, SIGTERM);
}

static void end(struct zag_children *c, uint32_t pid, const char *name)
{
	zag_raw(SYS_kill, pid, SIGKILL);
	if (mark(c->dead, pid))
		return;
	c->told += !mark(c->seen, pid);
	if (c->killed < ZAG_CHILDREN_NAMED) {
		c->named[c->killed].pid = pid;
		memcpy(c->named[c->killed].name, name,
		       sizeof(c->named[0].name));
	}
	c->killed++;
}

bool zag_children_visible(void)
{
	char path[64];

	zag_format(path, sizeof(path), "/proc/self/task/%d/children",
		   (int)zag_raw(SYS_gettid));
	return !zag_raw(SYS_faccessat, AT_FDCWD, path, 4);
}

void zag_children_adopt(struct zag_children *c)
{
	zag_raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	c->seen = zag_page_alloc(MAP);
	c->dead = zag_page_alloc(MAP);
}

uint32_t zag_children_tell(struct zag_children *c)
{
	each(c, tell);
	return c->living;
}

static void freeze(uint32_t tid, void *arg)
{
	(void)arg;
	if (tid != (uint32_t)zag_raw(SYS_gettid))
		zag_raw(SYS_tgkill, zag_raw(SYS_getpid), tid, ZAG_SIGNAL);
}

/* Whether none is left to wait for: one that has ended hands us its own. */
static bool reap(void)
{
	long r;

	do {
		r = zag_raw(SYS_wait4, -1, NULL, WNOHANG | __WALL, NULL);
	} while (r > 0);
	return r == -ECHILD;
}

/*
 * The program may make children all the time, by whatever call: its threads are
 * stopped.  One that was in such a call comes back from it first, so it takes
 * a second look.
 */
void zag_children_kill(struct zag_children *c, zag_time until)
{
	const struct timespec pause = { 0, 1000000 };
	int none = 0;

	zag_store_rel(&zag_signal_freezes, true);
	for (;;) {
		each_thread(freeze, NULL);
		each(c, end);
		none = reap() ? none + 1 : 0;
		if (none == 2 || zag_now() >= until)
			break;
		zag_raw(SYS_nanosleep, &pause, NULL);
	}
	each(c, NULL);
}
