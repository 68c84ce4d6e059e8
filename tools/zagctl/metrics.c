/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters as OpenMetrics: printed, or served to a scraper. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "target.h"
#include "zagctl.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static uint64_t sum_of(const json_t *stat, const char *key)
{
	uint64_t sum = 0;
	size_t i;
	json_t *p;

	json_array_foreach(json_object_get(stat, "processors"), i, p)
		sum += number_of(p, key);
	return sum;
}

static void counter(FILE *f, const char *name, const char *help,
		    uint64_t value)
{
	head(f, name, "counter", help);
	fprintf(f, "%s_total %lu\n", name, value);
}

static void histogram(FILE *f, const char *name, const char *help,
		      const json_t *stat, const char *key)
{
	json_t *times = json_object_get(stat, key), *n;
	uint64_t all = sum_of(stat, "switches"), counted = 0, below;
	double bound = 1e-6;
	char sum[32];
	size_t i;

	json_array_foreach(times, i, n)
		counted += (uint64_t)json_integer_value(n);
	/* What took no time by the clock is only in the number of all. */
	below = all > counted ? all - counted : 0;
	all = below + counted;
	head(f, name, "histogram", help);
	json_array_foreach(times, i, n) {
		below += (uint64_t)json_integer_value(n);
		if (i + 1 < json_array_size(times))
			fprintf(f, "%s_bucket{le=\"%.9g\"} %lu\n", name, bound,
			       below);
		bound *= 2;
	}
	snprintf(sum, sizeof(sum), "%s_ns", key);
	fprintf(f, "%s_bucket{le=\"+Inf\"} %lu\n%s_count %lu\n%s_sum %.9f\n", name,
	       all, name, all, name, (double)number_of(stat, sum) / 1e9);
}

void print_metrics(FILE *f, const json_t *stat)
{
	static const char *const states[] = { "running", "ready", "parked",
					      "native", "done" };
	json_t *fibers = json_object_get(stat, "fibers"), *p;
	const char *call;
	size_t i;

	head(f, "zag_fibers", "gauge", "Fibers by state.");
	for (i = 0; i < 5; i++)
		fprintf(f, "zag_fibers{state=\"%s\"} %lu\n", states[i],
		       number_of(fibers, states[i]));
	counter(f, "zag_fibers_created", "Fibers ever made.",
		number_of(stat, "created"));
	counter(f, "zag_switches", "Times a fiber began to run.",
		sum_of(stat, "switches"));
	counter(f, "zag_steals", "Times a processor took another's fibers.",
		sum_of(stat, "steals"));
	counter(f, "zag_handoffs", "Processors taken from a stuck fiber.",
		sum_of(stat, "handoffs"));
	counter(f, "zag_polls", "Looks at descriptors.", sum_of(stat, "polls"));
	head(f, "zag_blocking_calls", "counter", "Calls that have waited.");
	json_object_foreach(json_object_get(stat, "calls"), call, p)
		fprintf(f, "zag_blocking_calls_total{call=\"%s\"} %lu\n", call,
			(uint64_t)json_integer_value(p));
	head(f, "zag_run_queue_length", "gauge", "Ready fibers by queue.");
	fprintf(f, "zag_run_queue_length{processor=\"global\"} %lu\n",
	       number_of(stat, "queued"));
	json_array_foreach(json_object_get(stat, "processors"), i, p)
		fprintf(f, "zag_run_queue_length{processor=\"%zu\"} %lu\n", i,
		       number_of(p, "queued"));
	histogram(f, "zag_sched_delay_seconds", "From ready to running.", stat,
		  "delays");
	histogram(f, "zag_park_seconds", "From parking to ready.", stat, "parks");
	head(f, "zag_stack_bytes", "gauge", "Address space of stacks.");
	fprintf(f, "zag_stack_bytes %lu\n", number_of(stat, "stack_bytes"));
	head(f, "zag_uptime_seconds", "gauge", "Since the runtime began.");
	fprintf(f, "zag_uptime_seconds %.3f\n",
	       (double)number_of(stat, "uptime_ns") / 1e9);
	fprintf(f, "# EOF\n");
}

/* --- for a scraper ------------------------------------------------------ */

enum { REQUEST = 4096, PATIENCE_S = 5 };

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

/* They come only where we wait for a client, and end that. */
static void end_on_signals(sigset_t *waiting)
{
	struct sigaction a = { .sa_handler = end };
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, waiting);
	sigdelset(waiting, SIGINT);
	sigdelset(waiting, SIGTERM);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
}

/* A socket that a server has left there goes; nothing else does. */
static void remove_left(const char *path, const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 &&
	    errno == ECONNREFUSED)
		unlink(path);
	if (fd >= 0)
		close(fd);
}

/* The socket, or -1 with a message.  For this user only. */
static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		complain(FAILED, "%s: too long for a socket", path);
		return -1;
	}
	strcpy(addr.sun_path, path);
	remove_left(path, &addr);
	mask = umask(0177);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, 16) < 0) {
		complain(FAILED, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	umask(mask);
	return fd;
}

/* A request's head; false: none came. */
static bool read_request(int fd, char *text)
{
	struct timeval patience = { PATIENCE_S, 0 };
	size_t n = 0;
	ssize_t r;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	do {
		r = recv(fd, text + n, REQUEST - 1 - n, 0);
		if (r <= 0)
			return false;
		n += (size_t)r;
		text[n] = '\0';
	} while (!strstr(text, "\r\n\r\n") && n < REQUEST - 1);
	return true;
}

static void reply(int fd, const char *status, const char *body, size_t size)
{
	dprintf(fd, "HTTP/1.1 %s\r\nContent-Type: application/"
		"openmetrics-text; version=1.0.0; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n", status,
		size);
	while (size) {
		ssize_t n = send(fd, body, size, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		body += n;
		size -= (size_t)n;
	}
}

/* The target is looked for each time: it may come and go. */
static void reply_metrics(int fd, const char *name)
{
	struct target t;
	json_t *stat;
	char *text = NULL;
	size_t size;
	FILE *f;

	if (ask_target(name, "stat", &t, &stat)) {
		reply(fd, "503 Service Unavailable", "", 0);
		return;
	}
	f = open_memstream(&text, &size);
	if (f) {
		print_metrics(f, stat);
		if (fclose(f) == 0)
			reply(fd, "200 OK", text, size);
		free(text);
	}
	json_decref(stat);
}

static void serve_one(int fd, const char *name)
{
	char request[REQUEST];

	if (!read_request(fd, request))
		return;
	if (strncmp(request, "GET ", 4))
		reply(fd, "405 Method Not Allowed", "", 0);
	else if (strncmp(request + 4, "/metrics ", 9) &&
		 strncmp(request + 4, "/ ", 2))
		reply(fd, "404 Not Found", "", 0);
	else
		reply_metrics(fd, name);
}

int serve_metrics(const struct options *o)
{
	long times = o->times;
	int listener = listen_at(o->listen), fd;
	struct pollfd p = { .fd = listener, .events = POLLIN };
	sigset_t waiting;

	if (listener < 0)
		return FAILED;
	end_on_signals(&waiting);
	while (!ended) {
		if (ppoll(&p, 1, NULL, &waiting) < 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		serve_one(fd, o->argc ? o->argv[0] : NULL);
		close(fd);
		if (times && !--times)
			break;
	}
	unlink(o->listen);
	close(listener);
	return DONE;
}
