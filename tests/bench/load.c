/* SPDX-License-Identifier: BSD-2-Clause */
/* Load for an echo server: counts requests, checks every byte that returns. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "bench.h"

#define SIZE 64			/* bytes in a message */
#define MOST_US 1000000		/* longer latencies count as this one */
#define PATIENCE 30000		/* milliseconds without any answer */

struct conn {
	int fd;
	unsigned int got;	/* bytes of the current answer */
	uint64_t seq;		/* number of the current request */
	double since;
	unsigned char want[SIZE];
};

static struct conn *conns;
static long nconns = 64, nrequests = 10000, started, answered;
static unsigned int *histogram;
static int ep;

static struct sockaddr_in server = { .sin_family = AF_INET };

/* A connection's messages differ from each other and from its neighbours'. */
static void compose(struct conn *c)
{
	uint64_t x = ((uint64_t)(c - conns) << 32) + c->seq + 1;

	for (size_t i = 0; i < SIZE; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(c->want + i, &x, sizeof(x));
	}
}

static void request(struct conn *c)
{
	if (started == nrequests)
		return;
	started++;
	c->seq++;
	c->got = 0;
	compose(c);
	c->since = bench_now();
	/* One small message at a time always fits the socket's buffer. */
	if (send(c->fd, c->want, SIZE, MSG_NOSIGNAL) != SIZE)
		bench_die("send", errno);
}

static void count(const struct conn *c)
{
	long us = (long)((bench_now() - c->since) * 1e6);

	histogram[us < MOST_US ? us : MOST_US]++;
	answered++;
}

static void answer(struct conn *c)
{
	unsigned char buf[SIZE + 1];
	ssize_t n = recv(c->fd, buf, sizeof(buf) - c->got, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		bench_die("recv", n ? errno : ECONNRESET);
	if (c->got + (size_t)n > SIZE ||
	    memcmp(buf, c->want + c->got, (size_t)n) != 0)
		bench_die("wrong bytes echoed", EBADMSG);
	c->got += (unsigned int)n;
	if (c->got == SIZE) {
		count(c);
		request(c);
	}
}

static void open_one(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0)
		bench_die("socket", errno);
	if (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		bench_die("connect", errno);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		bench_die("epoll_ctl", errno);
}

static void run(void)
{
	struct epoll_event ev[256];

	for (long i = 0; i < nconns; i++)
		request(&conns[i]);
	while (answered < nrequests) {
		int n = epoll_wait(ep, ev, 256, PATIENCE);

		if (n == 0)
			bench_die("no answer", ETIMEDOUT);
		for (int i = 0; i < n; i++)
			answer(ev[i].data.ptr);
	}
}

static double quantile(double q)
{
	long want = (long)((double)answered * q), seen = 0;
	long us = 0;

	while (us < MOST_US && (seen += histogram[us]) <= want)
		us++;
	return (double)us;
}

/* The driver says when to go on, by a line; at the end of input, at once. */
static void say_and_wait(const char *what)
{
	int c;

	printf("%s\n", what);
	fflush(stdout);
	do
		c = getchar();
	while (c != '\n' && c != EOF);
}

static void parse_args(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "p:c:n:")) != -1) {
		if (opt == 'p')
			server.sin_port = htons((uint16_t)atoi(optarg));
		else if (opt == 'c')
			nconns = atol(optarg);
		else if (opt == 'n')
			nrequests = atol(optarg);
		else
			exit(2);
	}
	if (!server.sin_port || nconns < 1 || nrequests < 1) {
		fprintf(stderr, "usage: load -p port [-c connections] "
			"[-n requests]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	double t;

	parse_args(argc, argv);
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	conns = calloc((size_t)nconns, sizeof(*conns));
	histogram = calloc(MOST_US + 1, sizeof(*histogram));
	ep = epoll_create1(0);
	if (!conns || !histogram || ep < 0)
		bench_die("load", errno);
	for (long i = 0; i < nconns; i++)
		open_one(&conns[i]);
	say_and_wait("ready");
	t = bench_now();
	run();
	t = bench_now() - t;
	bench_print("requests", (double)answered, "1");
	bench_print("rate", (double)answered / t, "1/s");
	bench_print("p50", quantile(0.50), "us");
	bench_print("p99", quantile(0.99), "us");
	say_and_wait("done");
	return 0;
}
