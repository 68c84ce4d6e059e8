/* SPDX-License-Identifier: BSD-2-Clause */
/* With no descriptor left calls block and return. */
#include "io-net.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int p[2], tcp[2], listener, set, lock_fd;
static pid_t child;
static char path[] = "/tmp/io-exhausted-XXXXXX";

static void *reads(void *arg)
{
	char c;

	check_read(p[0], &c, 1);
	return arg;
}

static void *receives(void *arg)
{
	char c;

	CHECK_EQ(recv(tcp[0], &c, 1, 0), 1);
	return arg;
}

static void *polls(void *arg)
{
	struct pollfd f[2] = { { .fd = tcp[1], .events = POLLPRI },
			       { .fd = p[0], .events = POLLRDBAND } };

	CHECK_EQ(poll(f, 2, -1), 1);
	CHECK_EQ(f[0].revents, POLLPRI);
	return arg;
}

static void *waits_for_events(void *arg)
{
	struct epoll_event e;

	CHECK_EQ(epoll_wait(set, &e, 1, -1), 1);
	return arg;
}

static void *accepts(void *arg)
{
	CHECK_ERRNO(accept(listener, NULL, NULL), EMFILE);
	return arg;
}

static void *waits_for_child(void *arg)
{
	int status;

	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return arg;
}

static void *locks(void *arg)
{
	CHECK_EQ(flock(lock_fd, LOCK_EX), 0);
	return arg;
}

static void *sleeps(void *arg)
{
	check_msleep(30);
	return arg;
}

static void use_up_descriptors(void)
{
	struct rlimit lim;
	int n = 0;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &lim), 0);
	lim.rlim_cur = lim.rlim_max < 700 ? lim.rlim_max : 700;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
	while (dup(0) >= 0)
		n++;
	CHECK(n > 100);
	CHECK_ERRNO(dup(0), EMFILE);
}

int main(void)
{
	static void *(*const fn[])(void *) = {
		reads,	 receives,	  polls, waits_for_events,
		accepts, waits_for_child, locks, sleeps,
	};
	enum { N = sizeof fn / sizeof *fn };
	struct sockaddr_in a;
	struct epoll_event e = { .events = EPOLLIN };
	int ep[2], c, other, told[2];
	pthread_t t[N];

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(pipe(ep), 0);
	CHECK_EQ(pipe(told), 0);
	net_pair(tcp);
	listener = net_listen(5);
	a = net_address(net_port(listener));
	c = socket(AF_INET, SOCK_STREAM, 0);
	set = epoll_create1(0);
	CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, ep[0], &e), 0);
	lock_fd = mkstemp(path);
	CHECK(lock_fd >= 0);
	other = open(path, O_RDWR);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(flock(other, LOCK_EX), 0);
	child = fork();
	if (child == 0) {
		char go;

		close(told[1]);
		_exit(read(told[0], &go, 1) != 0);
	}
	check_join(check_spawn(sleeps, NULL));
	use_up_descriptors();
	for (int i = 0; i < N; i++)
		t[i] = check_spawn(fn[i], NULL);
	check_msleep(20);
	check_write(p[1], "x", 1);
	check_write(tcp[1], "x", 1);
	CHECK_EQ(send(tcp[0], "o", 1, MSG_OOB), 1);
	check_write(ep[1], "x", 1);
	CHECK_EQ(connect(c, (struct sockaddr *)&a, sizeof a), 0);
	check_join(t[4]); /* before there is a number again */
	t[4] = check_spawn(sleeps, NULL);
	CHECK_EQ(close(told[1]), 0);
	CHECK_EQ(flock(other, LOCK_UN), 0);
	for (int i = 0; i < N; i++)
		check_join(t[i]);
	puts("none needed more");
	return 0;
}
