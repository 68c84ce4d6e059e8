/* SPDX-License-Identifier: BSD-2-Clause */
/* A small HTTP/1.1 server of the classic kind: one blocking thread a client. */

#define _DEFAULT_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

struct client {
	int fd;
	size_t have;		/* bytes in buf not yet answered */
	char buf[4096];
};

struct request {
	int status;		/* 200, or what is wrong with it */
	const char *path;
	bool head, keep;
};

static const char page[] = "Hello from a thread of your own.\n";
static char page_reply[256];	/* the answer to most requests, made once */
static size_t page_head_len, page_reply_len;
static const char *root;	/* files are served from here, if set */
static int stop_pipe[2];

static void die(const char *what)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static size_t make_head(char *buf, size_t size, const struct request *rq,
			const char *type, off_t len)
{
	const char *reason = rq->status == 200 ? "OK" :
			     rq->status == 404 ? "Not Found" :
			     rq->status == 405 ? "Method Not Allowed" :
						 "Bad Request";

	return (size_t)snprintf(buf, size, "HTTP/1.1 %d %s\r\n%s%s"
			"Content-Type: %s\r\nContent-Length: %lld\r\n\r\n",
			rq->status, reason,
			rq->status == 405 ? "Allow: GET, HEAD\r\n" : "",
			rq->keep ? "" : "Connection: close\r\n",
			type, (long long)len);
}

static bool reply_text(int fd, const struct request *rq, const char *body)
{
	size_t len = strlen(body), n;
	char buf[512];

	n = make_head(buf, sizeof(buf), rq, "text/plain", (off_t)len);
	memcpy(buf + n, body, len);
	return send_all(fd, buf, rq->head ? n : n + len);
}

static bool reply_error(int fd, struct request *rq, int status)
{
	char body[16];

	rq->status = status;
	snprintf(body, sizeof(body), "error %d\n", status);
	return reply_text(fd, rq, body);
}

static bool copy_file(int fd, int file, off_t left)
{
	char buf[16384];

	while (left > 0) {
		ssize_t n = read(file, buf, sizeof(buf));

		if (n <= 0)
			return false;	/* it shrank: the length was a lie */
		if (n > left)
			n = (ssize_t)left;
		if (!send_all(fd, buf, (size_t)n))
			return false;
		left -= n;
	}
	return true;
}

static bool reply_file(int fd, struct request *rq)
{
	char path[2048], head[256];
	struct stat st;
	int file = -1;
	size_t n;
	bool ok;

	n = (size_t)snprintf(path, sizeof(path), "%s%s", root, rq->path);
	if (n < sizeof(path) && !strstr(rq->path, "/.."))
		file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file >= 0 && fstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
		n = make_head(head, sizeof(head), rq,
			      "application/octet-stream", st.st_size);
		ok = send_all(fd, head, n) &&
		     (rq->head || copy_file(fd, file, st.st_size));
	} else {
		ok = reply_error(fd, rq, 404);
	}
	if (file >= 0)
		close(file);
	return ok;
}

static bool reply(int fd, struct request *rq)
{
	if (rq->status != 200)
		return reply_error(fd, rq, rq->status);
	if (root)
		return reply_file(fd, rq);
	if (strcmp(rq->path, "/") != 0)
		return reply_error(fd, rq, 404);
	if (!rq->keep)
		return reply_text(fd, rq, page);
	return send_all(fd, page_reply,
			rq->head ? page_head_len : page_reply_len);
}

/* The value of a header line, if it has this name. */
static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

/* Header lines, up to the empty one; returns whether a Host was there. */
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
			rq->keep = false;	/* bodies are not read */
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

/* Returns the length of the first request's head, 0 at the end, -1 if bad. */
static ssize_t read_head(struct client *c)
{
	for (;;) {
		char *end;
		ssize_t n;

		c->buf[c->have] = '\0';
		end = strstr(c->buf, "\r\n\r\n");
		if (end)
			return end + 4 - c->buf;
		if (c->have == sizeof(c->buf) - 1 ||
		    memchr(c->buf, '\0', c->have))
			return -1;
		n = recv(c->fd, c->buf + c->have,
			 sizeof(c->buf) - 1 - c->have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		c->have += (size_t)n;
	}
}

static bool serve_one(struct client *c)
{
	struct request rq = { .status = 400 };
	ssize_t len = read_head(c);

	if (len == 0)
		return false;
	if (len > 0)
		parse(c->buf, &rq);
	if (!reply(c->fd, &rq) || !rq.keep)
		return false;
	c->have -= (size_t)len;
	memmove(c->buf, c->buf + len, c->have);
	return true;
}

/* Let the client read the last answer before a reset can overtake it. */
static void hang_up(struct client *c)
{
	struct timeval tv = { .tv_sec = 1 };
	int rounds = 16;

	shutdown(c->fd, SHUT_WR);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (rounds-- > 0 && recv(c->fd, c->buf, sizeof(c->buf), 0) > 0)
		;
	close(c->fd);
}

static void *serve(void *arg)
{
	struct client c;

	c.fd = (int)(intptr_t)arg;
	c.have = 0;
	while (serve_one(&c))
		;
	hang_up(&c);
	return NULL;
}

static void accept_clients(int listener, const pthread_attr_t *attr)
{
	struct pollfd pfd[2] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = stop_pipe[0], .events = POLLIN },
	};
	int fd, one = 1;
	pthread_t t;

	for (;;) {
		if (poll(pfd, 2, -1) < 0)
			continue;
		if (pfd[1].revents)
			return;
		fd = accept(listener, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				sleep(1);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&t, attr, serve, (void *)(intptr_t)fd) != 0)
			close(fd);
	}
}

static int listen_on(unsigned short port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		die("bind");
	if (listen(fd, 4096) < 0)
		die("listen");
	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		die("getsockname");
	printf("listening on %d\n", ntohs(sin.sin_port));
	fflush(stdout);
	return fd;
}

static void on_signal(int sig)
{
	int saved = errno;
	ssize_t n = write(stop_pipe[1], "", 1);

	(void)sig;
	(void)n;
	errno = saved;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (pipe(stop_pipe) < 0)
		die("pipe");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

static void make_page(void)
{
	struct request rq = { .status = 200, .keep = true };

	page_head_len = make_head(page_reply, sizeof(page_reply), &rq,
				  "text/plain", sizeof(page) - 1);
	page_reply_len = page_head_len + sizeof(page) - 1;
	memcpy(page_reply + page_head_len, page, sizeof(page));
}

int main(int argc, char **argv)
{
	unsigned short port = 8080;
	pthread_attr_t attr;
	int opt, listener;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while ((opt = getopt(argc, argv, "p:r:s:")) != -1) {
		switch (opt) {
		case 'p':
			port = (unsigned short)atoi(optarg);
			break;
		case 'r':
			root = optarg;
			break;
		case 's':
			errno = pthread_attr_setstacksize(&attr,
					(size_t)atoi(optarg) << 10);
			if (errno)
				die("stack size");
			break;
		default:
			fprintf(stderr, "usage: httpd [-p port] [-r root] "
				"[-s stack-kbytes]\n");
			return 2;
		}
	}
	make_page();
	catch_signals();
	listener = listen_on(port);
	accept_clients(listener, &attr);
	close(listener);
	return 0;
}
