/* SPDX-License-Identifier: BSD-2-Clause */
/* Running zagctl, which has libdw, to put names to what we print. */
#include "config.h"

#include "obs/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/symtab.h"
#include "obs/debug.h"

enum { STACK = 64 * 1024, PATH = 512 };

struct child {
	const char *path, *command;
	int in, out; /* -1: stays as it is */
	int busy;    /* it has this open as long as it runs */
	bool json;
};

static int run_zagctl(void *arg)
{
	const struct child *c = arg;
	const char *argv[] = { "zagctl", c->command,
			       c->json ? "--json" : NULL, NULL };
	const char *envp[] = { "LC_ALL=C", NULL };
	uint64_t none = 0;

	zag_raw(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	zag_raw(SYS_fcntl, c->busy, F_SETFD, 0);
	zag_raw(SYS_dup3, c->in, 0, 0);
	zag_raw(SYS_dup3, c->out >= 0 ? c->out : 2, 1, 0);
	zag_raw(SYS_execve, c->path, argv, envp);
	zag_raw(SYS_write, c->busy, "", 1); /* it has failed */
	zag_raw(SYS_exit, 127);
	return 127;
}

static int clone_on_new_stack(int (*fn)(void *arg), void *arg)
{
	char *stack = zag_page_alloc(STACK);
	int pid = -ENOMEM;

	if (stack)
		pid = clone(fn, stack + STACK, CLONE_VM | CLONE_VFORK, arg);
	zag_page_free(stack, STACK);
	return pid;
}

static int run_between(void *arg)
{
	zag_raw(SYS_exit, clone_on_new_stack(run_zagctl, arg) > 0 ? 0 : 1);
	return 1;
}

/*
 * No child that the program could be told of or wait for: exec gives every
 * child SIGCHLD for its end, so it is a grandchild, and the one in between ends
 * without a signal.
 */
static bool start_zagctl(struct child *c)
{
	int pid = clone_on_new_stack(run_between, c), status = 1;

	if (pid > 0)
		while (zag_raw(SYS_wait4, pid, &status, __WCLONE, NULL) ==
		       -EINTR)
			;
	return pid > 0 && status == 0;
}

/* Until it has ended.  False: it never began. */
static bool wait_for_end(int fd)
{
	char byte;
	long r;

	do {
		r = zag_raw(SYS_read, fd, &byte, 1);
	} while (r == -EINTR);
	return r == 0;
}

void zag_helper_write(int fd, const char *at, const char *end)
{
	while (at < end) {
		long r = zag_raw(SYS_write, fd, at, end - at);

		if (r <= 0 && r != -EINTR)
			return;
		at += r > 0 ? r : 0;
	}
}

/* In the tree it was built in, zagctl is beside the library's folder.  Who is
 * stuck may hold the loader's lock. */
static bool find_zagctl(char *path)
{
	struct dl_find_object o;

	if (zag_object_at(&zag_debug, &o)) {
		const char *name = o.dlfo_link_map->l_name;
		const char *slash = strrchr(name, '/');

		if (slash && slash - name < PATH - 16) {
			zag_format(path, PATH, "%s", name);
			strcpy(path + (slash - name), "/../zagctl");
			if (!zag_raw(SYS_faccessat, AT_FDCWD, path, 1))
				return true;
		}
	}
	strcpy(path, ZAG_BINDIR "/zagctl");
	return !zag_raw(SYS_faccessat, AT_FDCWD, path, 1);
}

/* One that dies early must not end us. */
static void forget_sigpipe(void)
{
	const struct timespec now = { 0, 0 };
	uint64_t set = ZAG_SIGBIT(SIGPIPE);

	zag_raw(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof(set));
}

static void close_pipe(const int *ends)
{
	zag_ownfd_close(ends[0]);
	zag_ownfd_close(ends[1]);
}

static bool print(struct child *c, const char *text, const char *end)
{
	int in[2], busy[2];
	bool done = false;

	if (!zag_ownfd_pipe(in)) /* no low numbers: they may be 0 or 1 */
		return false;
	if (zag_ownfd_pipe(busy)) {
		c->in = in[0];
		c->busy = busy[1];
		done = start_zagctl(c);
		zag_ownfd_close(busy[1]);
		if (done)
			zag_helper_write(in[1], text, end);
		zag_ownfd_close(in[1]);
		done = done && wait_for_end(busy[0]);
		zag_ownfd_close(busy[0]);
		zag_ownfd_close(in[0]);
		return done;
	}
	close_pipe(in);
	return false;
}

bool zag_helper_print(const char *command, const char *text, const char *end,
		      int out, bool json)
{
	char path[PATH];
	struct child c = { path, command, -1, out, -1, json };
	uint64_t old;
	bool done;

	if (!find_zagctl(path))
		return false;
	zag_sigmask_block_async(&old);
	done = print(&c, text, end);
	forget_sigpipe();
	zag_sigmask_restore(&old);
	return done;
}

static long first_pid;

void zag_helper_init(void)
{
	first_pid = zag_raw(SYS_getpid);
}

void zag_helper_path(const char *s, char *path, size_t size)
{
	long pid = zag_raw(SYS_getpid);
	bool told = pid == first_pid;
	size_t n = 0;

	while (*s && n + 24 < size) {
		if (s[0] == '%' && s[1] == 'p') {
			n += zag_format(path + n, size - n, "%ld", pid);
			told = true;
			s += 2;
		} else {
			path[n++] = *s++;
		}
	}
	path[n] = '\0';
	if (!told)
		zag_format(path + n, size - n, ".%ld", pid);
}
