/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_wait, epoll_pwait, epoll_pwait2: events, times, signals, nesting. */
#include "check.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MANY = 200, ROUNDS = 50 };

static int set_of(int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };
	int set = epoll_create1(EPOLL_CLOEXEC);

	CHECK(set >= 0);
	CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e), 0);
	return set;
}

struct echo {
	int in[2], out[2];
};

/* A thread with a set of its own for each pipe: it answers what it reads. */
static void *answers(void *arg)
{
	struct echo *p = arg;
	int set = set_of(p->in[0], EPOLLIN);
	struct epoll_event e;
	char c;

	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(epoll_wait(set, &e, 1, -1), 1);
		CHECK_EQ(e.events, EPOLLIN);
		CHECK_EQ(e.data.fd, p->in[0]);
		check_read(p->in[0], &c, 1);
		check_write(p->out[1], &c, 1);
	}
	CHECK_EQ(close(set), 0);
	return NULL;
}

static void many(void)
{
	static struct echo p[MANY];
	pthread_t t[MANY];
	char c = 'x';

	for (int i = 0; i < MANY; i++) {
		CHECK_EQ(pipe(p[i].in), 0);
		CHECK_EQ(pipe(p[i].out), 0);
		t[i] = check_spawn(answers, &p[i]);
	}
	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < MANY; i++)
			check_write(p[i].in[1], &c, 1);
		for (int i = 0; i < MANY; i++)
			check_read(p[i].out[0], &c, 1);
	}
	for (int i = 0; i < MANY; i++) {
		check_join(t[i]);
		for (int k = 0; k < 2; k++) {
			CHECK_EQ(close(p[i].in[k]), 0);
			CHECK_EQ(close(p[i].out[k]), 0);
		}
	}
}

/* Several threads in one set, each event for one of them. */
static int shared_set, shared_fd;
static volatile int taken;

static void *takes(void *arg)
{
	struct epoll_event e;
	eventfd_t v;

	for (;;) {
		CHECK_EQ(epoll_wait(shared_set, &e, 1, -1), 1);
		if (eventfd_read(shared_fd, &v) < 0) {
			if (errno != EAGAIN) /* another was faster */
				check_fail("eventfd_read: errno %d", errno);
			continue;
		}
		if (__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST) >= 100)
			break;
	}
	CHECK_EQ(eventfd_write(shared_fd, 1), 0); /* the others end, too */
	return arg;
}

static void shared(void)
{
	pthread_t t[8];

	shared_fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
	shared_set = set_of(shared_fd, EPOLLIN);
	for (int i = 0; i < 8; i++)
		t[i] = check_spawn(takes, NULL);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(eventfd_write(shared_fd, 1), 0);
	for (int i = 0; i < 8; i++)
		check_join(t[i]);
	CHECK_EQ(close(shared_set), 0);
	CHECK_EQ(close(shared_fd), 0);
}

/* Ended by a signal always, whatever its handler's flags. */
static void *interrupted(void *arg)
{
	struct epoll_event e;
	sigset_t none;
	int fd = eventfd(0, 0), set = set_of(fd, EPOLLIN);

	CHECK_EQ(sigemptyset(&none), 0);
	CHECK_ERRNO(epoll_wait(set, &e, 1, -1), EINTR);
	check_step(arg);
	CHECK_ERRNO(epoll_pwait(set, &e, 1, 5000, &none), EINTR);
	check_step(arg);
	CHECK_EQ(close(set), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void signals(void)
{
	pthread_t t;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, SA_RESTART);
	t = check_spawn(interrupted, &steps);
	check_kill_until(t, SIGUSR1, &steps, 2);
	check_join(t);
}

static void *edges(void *arg)
{
	struct timespec ts = check_timespec(30 * CHECK_MS);
	struct epoll_event e[4];
	int fd = eventfd(0, EFD_NONBLOCK), set, outer;
	long long start;

	set = set_of(fd, EPOLLIN | EPOLLET);
	outer = set_of(set, EPOLLIN);
	CHECK_EQ(epoll_wait(outer, e, 4, 0), 0);
	CHECK_EQ(eventfd_write(fd, 1), 0);
	CHECK_EQ(epoll_wait(outer, e, 4, -1), 1);
	CHECK_EQ(e[0].data.fd, set);
	CHECK_EQ(epoll_wait(set, e, 4, -1), 1);
	/* Its edge has been told: no event until the next one. */
	start = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(epoll_wait(set, e, 4, 30), 0);
	CHECK_EQ(epoll_pwait2(set, e, 4, &ts, NULL), 0);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 60 * CHECK_MS);
	CHECK_EQ(eventfd_write(fd, 1), 0);
	CHECK_EQ(epoll_pwait2(set, e, 4, NULL, NULL), 1);
	CHECK_ERRNO(epoll_wait(fd, e, 4, 0), EINVAL);
	CHECK_ERRNO(epoll_wait(-1, e, 4, -1), EBADF);
	CHECK_ERRNO(epoll_wait(set, e, 0, -1), EINVAL);
	CHECK_ERRNO(epoll_wait(set, e, check_hidden(-1), -1), EINVAL);
	ts.tv_nsec = -1;
	CHECK_ERRNO(epoll_pwait2(set, e, 4, &ts, NULL), EINVAL);
	CHECK_EQ(close(outer), 0);
	CHECK_EQ(close(set), 0);
	CHECK_EQ(close(fd), 0);
	return arg;
}

static int handled;

static void count(int sig)
{
	(void)sig;
	handled++;
}

/* What the mask lets in ends a wait, but only a wait. */
static void *masks(void *arg)
{
	struct epoll_event e;
	sigset_t none, usr2;
	int set = epoll_create1(0);

	check_handle(SIGUSR2, count, 0);
	sigemptyset(&none);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &usr2, NULL));
	CHECK_OK(pthread_kill(pthread_self(), SIGUSR2));
	CHECK_EQ(epoll_pwait(set, &e, 1, 0, &none), 0);
	CHECK_EQ(handled, 0);
	CHECK_ERRNO(epoll_pwait(set, &e, 1, 1, &none), EINTR);
	CHECK_EQ(handled, 1);
	CHECK_EQ(close(set), 0);
	return arg;
}

int main(void)
{
	many();
	shared();
	signals();
	edges(NULL);
	check_join(check_spawn(edges, NULL));
	check_join(check_spawn(masks, NULL));
	puts("events told");
	return 0;
}
