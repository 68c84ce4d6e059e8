/* SPDX-License-Identifier: BSD-2-Clause */
/* The rival: examples/httpd.c's answers from one epoll loop per processor. */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	int fd;
	bool closing;		/* hang up once out is empty */
	bool waiting;		/* for room in the socket, not for requests */
	size_t have, off, pending;
	char in[4096];
	char out[4096];		/* answers not sent yet: off, then pending */
};

struct request {
	int status;
	const char *path;
	bool head, keep;
};

static const char page[] = "Hello from a thread of your own.\n";
static char page_reply[256];
static size_t page_head_len, page_reply_len;

static void die(const char *what)
{
	fprintf(stderr, "epoll-httpd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t make_head(char *buf, size_t size, const struct request *rq,
			size_t len)
{
	const char *reason = rq->status == 200 ? "OK" :
			     rq->status == 404 ? "Not Found" :
			     rq->status == 405 ? "Method Not Allowed" :
						 "Bad Request";

	return (size_t)snprintf(buf, size, "HTTP/1.1 %d %s\r\n%s%s"
			"Content-Type: text/plain\r\n"
			"Content-Length: %zu\r\n\r\n",
			rq->status, reason,
			rq->status == 405 ? "Allow: GET, HEAD\r\n" : "",
			rq->keep ? "" : "Connection: close\r\n", len);
}

/* Append the answer to out, where the caller made sure of 512 bytes. */
static void reply(struct client *c, struct request *rq)
{
	char *out = c->out + c->off + c->pending, error[16];
	const char *body = page;
	size_t n;

	if (rq->status == 200 && strcmp(rq->path, "/") != 0)
		rq->status = 404;
	if (rq->status == 200 && rq->keep) {
		n = rq->head ? page_head_len : page_reply_len;
		memcpy(out, page_reply, n);
	} else {
		snprintf(error, sizeof(error), "error %d\n", rq->status);
		if (rq->status != 200)
			body = error;
		n = make_head(out, 512, rq, strlen(body));
		if (!rq->head)
			n = (size_t)(stpcpy(out + n, body) - out);
	}
	c->pending += n;
	c->closing = !rq->keep;
}

static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

static bool parse_fields(char *line, struct request *rq)
{
	bool host = false;
	const char *value;
	char *end;

	for (; (end = strstr(line, "\r\n")) != line; line = end + 2) {
		*end = '\0';
		if (field(line, "Host"))
			host = true;
		else if ((value = field(line, "Connection")))
			rq->keep = rq->keep && strcasecmp(value, "close") != 0;
		else if (field(line, "Transfer-Encoding") ||
			 field(line, "Content-Length"))
			rq->keep = false;
		else if (strcspn(line, ": \t") == 0 || !strchr(line, ':'))
			rq->status = 400;
	}
	return host;
}

static void parse(char *text, struct request *rq)
{
	char *fields = strstr(text, "\r\n") + 2;
	char *path = strchr(text, ' ');
	char *version = path ? strchr(path + 1, ' ') : NULL;
	bool v11, host;

	*rq = (struct request){ .status = 400 };
	if (!version || version > fields || path[1] != '/')
		return;
	*path++ = *version++ = fields[-2] = '\0';
	path[strcspn(path, "?")] = '\0';
	rq->path = path;
	v11 = strcmp(version, "HTTP/1.1") == 0;
	if (!v11 && strcmp(version, "HTTP/1.0") != 0)
		return;
	rq->status = 200;
	rq->keep = v11;
	host = parse_fields(fields, rq);
	rq->head = strcmp(text, "HEAD") == 0;
	if (v11 && !host)
		rq->status = 400;
	if (rq->status == 400)
		rq->keep = false;
	else if (!rq->head && strcmp(text, "GET") != 0)
		rq->status = 405;
}

/* Answer the whole requests in the buffer, as far as out has room. */
static void answer(struct client *c)
{
	struct request rq;
	char *at = c->in;

	while (!c->closing &&
	       c->off + c->pending + 512 <= sizeof(c->out)) {
		char *end = strstr(at, "\r\n\r\n");

		if (end) {
			parse(at, &rq);
			at = end + 4;
		} else if (at == c->in && (c->have == sizeof(c->in) - 1 ||
					   strlen(at) < c->have)) {
			rq = (struct request){ .status = 400 };
		} else {
			break;
		}
		reply(c, &rq);
	}
	c->have -= (size_t)(at - c->in);
	memmove(c->in, at, c->have + 1);
}

/* Returns whether the connection lives on. */
static bool flush(struct client *c)
{
	while (c->pending > 0) {
		ssize_t n = send(c->fd, c->out + c->off, c->pending,
				 MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN;
		c->pending -= (size_t)n;
		c->off += (size_t)n;
	}
	c->off = 0;
	return !c->closing;
}

static bool serve(struct client *c)
{
	ssize_t n = 0;

	if (!c->waiting) {
		n = recv(c->fd, c->in + c->have,
			 sizeof(c->in) - 1 - c->have, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
	}
	if (n > 0)
		c->have += (size_t)n;
	c->in[c->have] = '\0';
	do {
		answer(c);
		if (!flush(c))
			return false;
	} while (!c->pending && strstr(c->in, "\r\n\r\n"));
	return true;
}

static void adopt(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct client *c = malloc(sizeof(*c));
	int one = 1;

	if (!c)
		die("malloc");
	c->fd = fd;
	c->closing = c->waiting = false;
	c->have = c->off = c->pending = 0;
	ev.data.ptr = c;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static void turn(int ep, struct client *c)
{
	if (!serve(c)) {
		close(c->fd);
		free(c);
	} else if (c->waiting != (c->pending > 0)) {
		struct epoll_event ev = { .data.ptr = c };

		c->waiting = c->pending > 0;
		ev.events = c->waiting ? EPOLLOUT : EPOLLIN;
		epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
	}
}

static int listen_on(unsigned short port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		die("bind");
	if (listen(fd, 4096) < 0)
		die("listen");
	return fd;
}

static void *loop(void *arg)
{
	struct epoll_event ev[256], in = { .events = EPOLLIN };
	int listener = *(int *)arg, ep = epoll_create1(0), n, fd;

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, listener, &in) < 0)
		die("epoll");
	for (;;) {
		n = epoll_wait(ep, ev, 256, -1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr) {
				turn(ep, ev[i].data.ptr);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL,
					     SOCK_NONBLOCK)) >= 0)
				adopt(ep, fd);
		}
	}
	return NULL;
}

static void make_page(void)
{
	struct request rq = { .status = 200, .keep = true };

	page_head_len = make_head(page_reply, sizeof(page_reply), &rq,
				  sizeof(page) - 1);
	page_reply_len = page_head_len + sizeof(page) - 1;
	memcpy(page_reply + page_head_len, page, sizeof(page));
}

static void on_signal(int sig)
{
	(void)sig;
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned short port = argc > 2 ? (unsigned short)atoi(argv[2]) : 0;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int listener[64], cpus;
	cpu_set_t set;
	pthread_t t;

	sched_getaffinity(0, sizeof(set), &set);
	cpus = CPU_COUNT(&set) < 64 ? CPU_COUNT(&set) : 64;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	make_page();
	for (int i = 0; i < cpus; i++) {
		listener[i] = listen_on(port);
		getsockname(listener[i], (struct sockaddr *)&sin, &len);
		port = ntohs(sin.sin_port);
	}
	printf("listening on %d\n", port);
	fflush(stdout);
	for (int i = 1; i < cpus; i++)
		if (pthread_create(&t, NULL, loop, &listener[i]) != 0)
			die("pthread_create");
	loop(&listener[0]);
	return 0;
}
