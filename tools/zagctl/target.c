/* SPDX-License-Identifier: BSD-2-Clause */
/* The control sockets of this user's processes. */
#include "config.h"

#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "zagctl.h"

enum { PROTOCOL = 1 };

int patience_s = 5;

/* --- one socket --------------------------------------------------------- */

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { patience_s, 0 };
	int fd, err;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* All that comes; NULL: nothing more came, and it was not the end. */
static char *read_all(int fd, size_t *size)
{
	size_t room = 1 << 16, n = 0;
	char *buf = malloc(room);

	for (;;) {
		ssize_t r;

		if (buf && n + 1 >= room)
			buf = realloc(buf, room *= 2);
		if (!buf)
			return NULL;
		r = recv(fd, buf + n, room - n - 1, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			free(buf);
			return NULL;
		}
		n += (size_t)r;
		if (r == 0)
			break;
	}
	buf[n] = '\0';
	*size = n;
	return buf;
}

static int understand(const struct target *t, char *text, size_t size,
		      json_t **answer)
{
	char *end = memchr(text, '\n', size);
	json_error_t err;

	if (!end)
		return complain(NO_ANSWER, "%ld: ended without an answer",
				t->pid);
	*end++ = '\0';
	if (!strncmp(text, "error: ", 7))
		return complain(FAILED, "%ld: %s", t->pid, text + 7);
	if (strcmp(text, "ok"))
		return complain(FAILED, "%s: is no zagshim socket", t->path);
	*answer = json_loadb(end, size - (size_t)(end - text), 0, &err);
	if (!*answer)
		return complain(FAILED, "%ld: answers what cannot be read: %s",
				t->pid, err.text);
	return DONE;
}

int ask(const struct target *t, const char *request, json_t **answer)
{
	int fd = connect_to(t->path), status;
	size_t size;
	char *text;

	if (fd < 0)
		return complain(NO_ANSWER, "%s: %s", t->path, strerror(-fd));
	if (dprintf(fd, "zag %d %s\n", PROTOCOL, request) < 0) {
		close(fd);
		return complain(NO_ANSWER, "%ld: %s", t->pid, strerror(errno));
	}
	text = read_all(fd, &size);
	close(fd);
	if (!text)
		return complain(NO_ANSWER, "%ld: no answer", t->pid);
	status = understand(t, text, size, answer);
	free(text);
	return status;
}

/* --- all of them -------------------------------------------------------- */

struct list {
	struct target *items;
	size_t n;
};

/* Whether somebody listens.  A file that nobody does is removed. */
static bool is_alive(const char *path)
{
	int fd = connect_to(path);

	if (fd >= 0)
		close(fd);
	else if (fd == -ECONNREFUSED)
		unlink(path);
	return fd >= 0;
}

static void add(struct list *l, const char *dir, const char *file)
{
	struct target t;
	struct target *more;
	char *end;

	t.pid = strtol(file, &end, 10);
	if (t.pid <= 0 || *end ||
	    snprintf(t.path, sizeof(t.path), "%s/%s", dir, file) >=
		    (int)sizeof(t.path) ||
	    !is_alive(t.path))
		return;
	more = realloc(l->items, (l->n + 1) * sizeof(*more));
	if (!more)
		return;
	l->items = more;
	l->items[l->n++] = t;
}

static void add_folder(struct list *l, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	if (!d)
		return;
	/* Somebody else's could hold anything. */
	if (fstat(dirfd(d), &st) == 0 &&
	    (st.st_uid == geteuid() || geteuid() == 0))
		while ((e = readdir(d)))
			add(l, dir, e->d_name);
	closedir(d);
}

/* Root sees everybody's. */
static void add_pattern(struct list *l, const char *pattern)
{
	glob_t g;

	if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			add_folder(l, g.gl_pathv[i]);
	globfree(&g);
}

static int by_pid(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* ZAGCTL_PATH: folders separated by colons. */
static void add_given(struct list *l, const char *path)
{
	char dir[256];

	while (*path) {
		size_t n = strcspn(path, ":");

		if (snprintf(dir, sizeof(dir), "%.*s", (int)n, path) <
		    (int)sizeof(dir))
			add_folder(l, dir);
		path += n;
		path += *path == ':';
	}
}

static void add_usual(struct list *l)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char dir[256];

	if (runtime && *runtime == '/' &&
	    snprintf(dir, sizeof(dir), "%s/zag", runtime) < (int)sizeof(dir))
		add_folder(l, dir);
	if (geteuid() == 0) {
		add_pattern(l, "/run/user/*/zag");
		add_pattern(l, "/tmp/zag-[0-9]*");
	} else {
		snprintf(dir, sizeof(dir), "/tmp/zag-%u", geteuid());
		add_folder(l, dir);
	}
}

struct target *find_all(size_t *n)
{
	const char *path = getenv("ZAGCTL_PATH");
	struct list l = { NULL, 0 };

	if (path)
		add_given(&l, path);
	else
		add_usual(&l);
	if (l.n)
		qsort(l.items, l.n, sizeof(*l.items), by_pid);
	/* One folder may have been seen twice. */
	*n = 0;
	for (size_t i = 0; i < l.n; i++)
		if (!*n || l.items[*n - 1].pid != l.items[i].pid)
			l.items[(*n)++] = l.items[i];
	return l.items;
}

/* --- the one that is meant ---------------------------------------------- */

static bool has_name(const struct target *t, const char *name)
{
	json_t *stat = NULL;
	bool same = ask(t, "get name", &stat) == DONE &&
		    !strcmp(text_of(stat, "name"), name);

	json_decref(stat);
	return same;
}

static int choose(const struct target *all, size_t n, const char *name,
		  struct target *t)
{
	size_t found = 0;
	char *end;
	long pid = name ? strtol(name, &end, 10) : 0;
	bool is_pid = name && *name && !*end;

	for (size_t i = 0; i < n; i++) {
		if (name && (is_pid ? all[i].pid != pid :
				      !has_name(&all[i], name)))
			continue;
		*t = all[i];
		found++;
	}
	if (found == 1)
		return DONE;
	if (name && !found)
		return complain(NO_TARGET, "%s: no such process; see zagctl ls",
				name);
	return complain(NO_TARGET, found ? "there are several; see zagctl ls" :
					   "no process runs under zagrun");
}

int find_target(const char *name, struct target *t)
{
	struct target *all;
	size_t n;
	int status;

	if (name && strchr(name, '/')) {
		*t = (struct target){ 0 };
		snprintf(t->path, sizeof(t->path), "%s", name);
		return DONE;
	}
	all = find_all(&n);
	status = choose(all, n, name, t);
	free(all);
	return status;
}

int ask_target(const char *name, const char *request, struct target *t,
	       json_t **answer)
{
	int status = find_target(name, t);

	if (!status)
		status = ask(t, request, answer);
	if (!status && !t->pid)
		t->pid = (long)number_of(*answer, "pid");
	return status;
}
