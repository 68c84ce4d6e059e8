/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: who may come in, and a few clients at a time. */
#include "config.h"

#include "obs/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/atomic.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/ownfd.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "obs/answer.h"
#include "sched/monitor.h"
#include "wait/wait.h"

enum {
	CLIENTS = 8,
	REQUEST = 512,
	BACKLOG = 16,
};

/* A client that neither asks nor reads is let go after this. */
#define PATIENCE (10 * ZAG_NSEC)
#define TURN (ZAG_NSEC / 500) /* 2 ms */

struct client {
	int fd; /* 0: none */
	zag_time seen;
	size_t asked; /* bytes of the request so far */
	size_t sent;  /* of the piece in answer.buf */
	bool answering, blocked;
	struct zag_answer answer;
	char request[REQUEST];
};

static struct {
	char dir[ZAG_OPT_FILE_SIZE]; /* "": the one for temporary files */
	struct sockaddr_un addr;
	_Atomic int fd; /* 0: none */
	long pid;	/* whose it is */
	struct client *clients;
} control;

/* --- where -------------------------------------------------------------- */

void zag_control_init(const char *runtime_dir)
{
	if (runtime_dir && *runtime_dir == '/' &&
	    strlen(runtime_dir) < sizeof(control.dir))
		strcpy(control.dir, runtime_dir);
}

/* A folder of this user's that nobody else can enter. */
static bool make_folder(const char *path)
{
	struct stat st;

	zag_raw(SYS_mkdirat, AT_FDCWD, path, 0700);
	return !zag_raw(SYS_newfstatat, AT_FDCWD, path, &st,
			AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode) && !(st.st_mode & 077) &&
	       st.st_uid == (uid_t)zag_raw(SYS_geteuid);
}

static bool choose_path(char *path, size_t size)
{
	const char *given = zag_opt.control;
	char dir[sizeof(control.dir) + 8];

	if (strcmp(given, "auto")) {
		zag_format(path, size, "%s", given);
		return strlen(given) < size;
	}
	if (control.dir[0])
		zag_format(dir, sizeof(dir), "%s/zag", control.dir);
	else
		zag_format(dir, sizeof(dir), "/tmp/zag-%u",
			   (unsigned)zag_raw(SYS_geteuid));
	if (!make_folder(dir) || strlen(dir) + 12 > size) {
		zag_log(ZAG_LOG_INFO, "no control socket: %s is not a folder "
			"of this user only", dir);
		return false;
	}
	zag_format(path, size, "%s/%d", dir, (int)zag_raw(SYS_getpid));
	return true;
}

/* --- clients ------------------------------------------------------------ */

/* Let the monitor know, as soon as something can be read or written. */
static void wake_monitor_by(int fd)
{
	struct f_owner_ex owner = { F_OWNER_TID, (pid_t)zag_monitor_tid() };

	zag_raw(SYS_fcntl, fd, F_SETOWN_EX, &owner);
	zag_raw(SYS_fcntl, fd, F_SETSIG, ZAG_SIGNAL);
	zag_raw(SYS_fcntl, fd, F_SETFL, O_ASYNC | O_NONBLOCK);
}

static void drop(struct client *c)
{
	zag_answer_end(&c->answer);
	zag_page_free(c->answer.buf, ZAG_ANSWER_PIECE);
	zag_ownfd_close(c->fd);
	memset(c, 0, sizeof(*c));
}

static bool may_come_in(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !zag_raw(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &cred,
			&len) &&
	       (cred.uid == 0 || cred.uid == (uid_t)zag_raw(SYS_geteuid));
}

static struct client *free_client(void)
{
	for (int i = 0; i < CLIENTS; i++)
		if (!control.clients[i].fd)
			return &control.clients[i];
	return NULL;
}

/* Asked first: an accept that finds nobody has taken the lowest descriptor all
 * the same, until it returns, and the program may open a file just then. */
static bool somebody_knocks(void)
{
	struct pollfd p = { .fd = control.fd, .events = POLLIN };
	const struct timespec now = { 0, 0 };

	return zag_raw(SYS_ppoll, &p, 1, &now, NULL, 8) > 0;
}

static void let_in(void)
{
	struct client *c;
	int fd;

	while (somebody_knocks() && (c = free_client())) {
		fd = (int)zag_raw(SYS_accept4, control.fd, NULL, NULL,
				  SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		fd = zag_ownfd_move(fd);
		if (fd < 0)
			continue;
		c->fd = fd;
		c->seen = zag_now();
		c->answer.buf = zag_page_alloc(ZAG_ANSWER_PIECE);
		if (!c->answer.buf || !may_come_in(fd))
			drop(c);
		else
			wake_monitor_by(fd);
	}
}

/* The request behind "zag 1 "; NULL: it is none. */
static char *request_of(struct client *c)
{
	char prefix[16];
	size_t n = zag_format(prefix, sizeof(prefix), "zag %d ", ZAG_PROTOCOL);

	return strncmp(c->request, prefix, n) ? NULL : c->request + n;
}

static void refuse(struct client *c)
{
	c->answer.len = zag_format(c->answer.buf, ZAG_ANSWER_PIECE,
				   "error: protocol %d is spoken here, not "
				   "this\n", ZAG_PROTOCOL);
	c->answer.done = true;
}

/* Read on; false: the client is gone. */
static bool listen_to(struct client *c)
{
	long r = zag_raw(SYS_recvfrom, c->fd, c->request + c->asked,
			 REQUEST - 1 - c->asked, 0, NULL, NULL);
	char *end;

	if (r == -EAGAIN)
		return zag_now() - c->seen < PATIENCE;
	if (r <= 0)
		return false;
	c->asked += (size_t)r;
	c->request[c->asked] = '\0';
	end = strchr(c->request, '\n');
	if (!end)
		return c->asked < REQUEST - 1;
	*end = '\0';
	c->answering = true;
	c->seen = zag_now();
	if (request_of(c))
		zag_answer_begin(&c->answer, request_of(c));
	else
		refuse(c);
	return true;
}

/* Send what there is; false: all is sent, or the client is gone. */
static bool talk_to(struct client *c)
{
	struct zag_answer *a = &c->answer;
	long r = 0;

	while (c->sent < a->len) {
		r = zag_raw(SYS_sendto, c->fd, a->buf + c->sent,
			    a->len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT,
			    NULL, 0);
		if (r < 0)
			break;
		c->seen = zag_now();
		c->sent += (size_t)r;
	}
	c->blocked = r < 0;
	if (r < 0)
		return r == -EAGAIN && zag_now() - c->seen < PATIENCE;
	if (a->done)
		return false;
	zag_answer_more(a);
	c->sent = 0;
	return true;
}

/* As much as the client takes, but not for so long that the monitor is missed
 * elsewhere.  False: it is done with. */
static bool serve(struct client *c)
{
	zag_time until = zag_now() + TURN;

	if (!c->answering && !listen_to(c))
		return false;
	while (c->answering) {
		if (!talk_to(c))
			return false;
		if (c->blocked || !c->answer.len || zag_now() >= until)
			break;
	}
	return true;
}

/* The monitor's look: a step for each client.  Whether there are any. */
static bool look(void)
{
	bool any = false;

	if (!zag_load_acq(&control.fd))
		return false;
	let_in();
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &control.clients[i];

		if (!c->fd)
			continue;
		if (!serve(c))
			drop(c);
		any |= c->fd != 0;
	}
	return any;
}

/* --- its life ----------------------------------------------------------- */

/* The socket at the address, or -errno.  A file that a process of the same id
 * has left there is in the way. */
static int bind_socket(void)
{
	int fd = (int)zag_raw(SYS_socket, AF_UNIX,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	long r;

	if (fd < 0)
		return fd;
	zag_raw(SYS_fchmod, fd, 0600);
	zag_raw(SYS_unlinkat, AT_FDCWD, control.addr.sun_path, 0);
	r = zag_raw(SYS_bind, fd, &control.addr, sizeof(control.addr));
	if (!r)
		r = zag_raw(SYS_listen, fd, BACKLOG);
	if (r) {
		zag_raw(SYS_close, fd);
		return (int)r;
	}
	return zag_ownfd_move(fd);
}

void zag_control_open(void)
{
	char *path = control.addr.sun_path;
	int fd;

	if (!strcmp(zag_opt.control, "off") ||
	    !choose_path(path, sizeof(control.addr.sun_path)))
		return;
	control.addr.sun_family = AF_UNIX;
	if (!control.clients)
		control.clients = zag_page_alloc(CLIENTS *
						 sizeof(struct client));
	fd = control.clients ? bind_socket() : -ENOMEM;
	if (fd < 0) {
		zag_log(ZAG_LOG_INFO, "no control socket at %s: error %d",
			path, -fd);
		return;
	}
	zag_monitor_on_look = look;
	control.pid = zag_raw(SYS_getpid);
	zag_store_rel(&control.fd, fd);
	wake_monitor_by(fd);
}

void zag_control_close(void)
{
	if (control.fd && control.pid == zag_raw(SYS_getpid))
		zag_raw(SYS_unlinkat, AT_FDCWD, control.addr.sun_path, 0);
}

void zag_control_reset(void)
{
	if (!control.fd)
		return;
	zag_raw(SYS_close, control.fd);
	control.fd = 0;
	for (int i = 0; i < CLIENTS; i++)
		if (control.clients[i].fd)
			zag_raw(SYS_close, control.clients[i].fd);
	memset(control.clients, 0, CLIENTS * sizeof(struct client));
}
