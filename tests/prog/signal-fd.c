/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals read from a signalfd: those for the process, and for a thread. */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static int fd;
static pthread_t main_thread;

static void expect(int sig, int value)
{
	struct signalfd_siginfo si;

	CHECK_EQ(read(fd, &si, sizeof si), sizeof si);
	CHECK_EQ(si.ssi_signo, sig);
	CHECK_EQ(si.ssi_pid, getpid());
	if (value)
		CHECK_EQ(si.ssi_int, value);
}

static void expect_none(void)
{
	struct pollfd p = { fd, POLLIN, 0 };
	sigset_t set;

	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGRTMIN));
}

/* After a while, so that the reader waits. */
static void *send(void *arg)
{
	union sigval v = { .sival_int = 7 };

	check_msleep(10);
	switch (*(int *)arg) {
	case 0:
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		break;
	case 1:
		CHECK_OK(pthread_kill(main_thread, SIGUSR1));
		break;
	case 2:
		CHECK_EQ(sigqueue(getpid(), SIGRTMIN, v), 0);
		break;
	case 3:
		CHECK_OK(pthread_sigqueue(main_thread, SIGRTMIN, v));
		break;
	}
	return NULL;
}

static void check_reading(int how)
{
	pthread_t t = check_spawn(send, &how);

	expect(how < 2 ? SIGUSR1 : SIGRTMIN, how < 2 ? 0 : 7);
	check_join(t);
	expect_none();
}

static void check_waiting(int how)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int set = epoll_create1(0);
	pthread_t t;

	CHECK(set >= 0);
	CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), 0);
	t = check_spawn(send, &how);
	CHECK_EQ(epoll_wait(set, &ev, 1, 20000), 1);
	expect(how < 2 ? SIGUSR1 : SIGRTMIN, how < 2 ? 0 : 7);
	check_join(t);
	CHECK_EQ(close(set), 0);
}

static void check_own(void)
{
	sigset_t set, pending;

	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(sigpending(&pending), 0);
	CHECK(sigismember(&pending, SIGUSR1));
	expect(SIGUSR1, 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigwaitinfo(&set, NULL), SIGUSR1); /* who comes first */
	expect_none();
}

int main(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	main_thread = pthread_self();
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(fd >= 0);
	for (int i = 0; i < 10; i++)
		for (int how = 0; how < 4; how++) {
			check_reading(how);
			check_waiting(how);
		}
	check_own();
	puts("signals read");
	return 0;
}
