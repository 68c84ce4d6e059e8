/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 200 threads in getaddrinfo, 20 in gethostbyaddr_r and getnameinfo, of a
 * server that answers after half a second.  It has a network and a resolver
 * configuration of its own.
 */
#include "batch.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define THREADS 220
#define BY_ADDRESS 20
#define DELAY_MS 500

/* --- the server: a process of its own ------------------------------------ */

struct question {
	long long due;
	struct sockaddr_in from;
	size_t size;
	unsigned char data[512];
};

static struct question questions[2 * THREADS];
static int first, last;

/* Where the name ends, in a message of that size. */
static size_t name_end(const unsigned char *data, size_t size)
{
	size_t at = 12;

	while (at < size && data[at])
		at += data[at] + 1u;
	return at + 1;
}

/* hNNN.test is 10.9.8.NNN, and back: N.8.9.10.in-addr.arpa. */
static size_t append_answer(unsigned char *at, const unsigned char *question,
			    int type)
{
	static const unsigned char head[] = {
		0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0
	};
	int n = atoi((const char *)question + 13 + (type == 1));

	memcpy(at, head, sizeof head);
	at[3] = (unsigned char)type;
	if (type == 1) {
		unsigned char address[] = { 10, 9, 8, (unsigned char)n };

		at[11] = sizeof address;
		memcpy(at + 12, address, sizeof address);
	} else {
		char name[] = "\4hXXX\4test";

		name[2] = (char)('0' + n / 100);
		name[3] = (char)('0' + n / 10 % 10);
		name[4] = (char)('0' + n % 10);
		at[11] = sizeof name; /* with the root's label */
		memcpy(at + 12, name, sizeof name);
	}
	return 12u + at[11];
}

static void answer(int fd, struct question *q)
{
	size_t end = name_end(q->data, q->size) + 4;
	int type = q->data[end - 3];

	q->data[2] = 0x81;
	q->data[3] = 0x80;
	q->data[7] = 1;
	q->data[11] = 0; /* no additional records */
	end += append_answer(q->data + end, q->data, type);
	sendto(fd, q->data, end, 0, (struct sockaddr *)&q->from,
	       sizeof q->from);
}

static void take_question(int fd)
{
	struct question *q = &questions[last % (2 * THREADS)];
	socklen_t len = sizeof q->from;
	ssize_t n = recvfrom(fd, q->data, 256, 0, (struct sockaddr *)&q->from,
			     &len);

	if (n < 17)
		return;
	q->size = (size_t)n;
	q->due = check_now(CLOCK_MONOTONIC) + DELAY_MS * CHECK_MS;
	last++;
}

static void serve(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct question *q = &questions[first % (2 * THREADS)];
		long long left = first == last ? CHECK_MS * 1000 :
				 q->due - check_now(CLOCK_MONOTONIC);

		if (left > 0 && poll(&p, 1, (int)(left / CHECK_MS) + 1) > 0)
			take_question(fd);
		else if (left <= 0)
			answer(fd, &questions[first++ % (2 * THREADS)]);
	}
}

/* --- a place of its own --------------------------------------------------- */

static void skip(const char *why)
{
	dprintf(2, "%s: %s\n", why, strerror(errno));
	exit(CHECK_SKIPPED);
}

static void cover(const char *path, const char *text)
{
	char name[] = "/tmp/batch-resolve.XXXXXX";
	int fd = mkstemp(name), r;

	CHECK(fd >= 0);
	CHECK_EQ(fchmod(fd, 0644), 0);
	check_write(fd, text, strlen(text));
	close(fd);
	r = mount(name, path, NULL, MS_BIND, NULL);
	unlink(name);
	if (r)
		skip(path);
}

static void own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
		skip("unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		skip("mount");
	cover("/etc/resolv.conf",
	      "nameserver 127.0.0.1\noptions timeout:20 attempts:1\n");
	cover("/etc/nsswitch.conf", "hosts: dns\n");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(fd >= 0);
	CHECK_EQ(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

static pid_t start_server(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20;
	pid_t pid;

	CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&at, sizeof at))
		skip("bind");
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		serve(fd);
	close(fd);
	return pid;
}

/* --- the threads ---------------------------------------------------------- */

static void by_address(int i)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(0x0a090800u + (unsigned)i) },
	};
	char want[32], name[64], buf[1024];
	struct hostent host, *found;
	int err;

	snprintf(want, sizeof want, "h%03d.test", i);
	if (i % 2) {
		CHECK_EQ(getnameinfo((struct sockaddr *)&a, sizeof a, name,
				     sizeof name, NULL, 0, NI_NAMEREQD), 0);
		CHECK_EQ(strcmp(name, want), 0);
		return;
	}
	CHECK_EQ(gethostbyaddr_r(&a.sin_addr, sizeof a.sin_addr, AF_INET, &host,
				 buf, sizeof buf, &found, &err), 0);
	CHECK(found != NULL);
	CHECK_EQ(strcmp(found->h_name, want), 0);
}

static void by_name(int i)
{
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_STREAM }, *found;
	char name[32];

	snprintf(name, sizeof name, "h%03d.test", i);
	CHECK_EQ(getaddrinfo(name, "80", &hints, &found), 0);
	CHECK_EQ(ntohl(((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr),
		 0x0a090800u + (unsigned)i);
	CHECK_EQ(found->ai_next, NULL);
	freeaddrinfo(found);
}

static void *resolves(void *arg)
{
	int i = (int)(long)arg;

	if (i < BY_ADDRESS)
		by_address(i);
	else
		by_name(i);
	return NULL;
}

int main(void)
{
	pid_t server;

	own_network();
	server = start_server();
	batch(THREADS, resolves, NULL, 5000);
	CHECK_EQ(kill(server, SIGKILL), 0);
	CHECK_EQ(waitpid(server, NULL, 0), server);
	printf("%d names\n", THREADS);
	return 0;
}
