/* SPDX-License-Identifier: BSD-2-Clause */
/* syscall(2) does for a thread what the functions of those names do. */
#include "batch.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define THREADS 200

static int fd[THREADS][2];
static pid_t ids[THREADS];
static int caught;
static __thread volatile int caught_here;

static void on_signal(int sig)
{
	(void)sig;
	caught_here++;
	__atomic_fetch_add(&caught, 1, __ATOMIC_SEQ_CST);
}

/* Each waits in another way for the same: one byte. */
static void waits_for_byte(int i)
{
	struct timespec soon = { 0, 50 * CHECK_MS };
	struct pollfd p = { .fd = fd[i][1], .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };
	struct iovec v;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	char c;
	int set;

	v.iov_base = &c;
	v.iov_len = 1;
	switch (i % 5) {
	case 0:
		CHECK_EQ(syscall(SYS_ppoll, &p, 1, NULL, NULL, 8), 1);
		CHECK_EQ(p.revents, POLLIN);
		break;
	case 1:
		set = epoll_create1(EPOLL_CLOEXEC);
		CHECK(set >= 0);
		CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, p.fd, &ev), 0);
		CHECK_EQ(syscall(SYS_epoll_pwait, set, &ev, 1, -1, NULL, 8), 1);
		CHECK_EQ(syscall(SYS_close, set), 0);
		break;
	case 2:
		CHECK_EQ(syscall(SYS_recvmsg, p.fd, &m, 0), 1);
		return;
	case 3:
		CHECK_EQ(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &soon,
				 NULL), 0);
		break;
	}
	CHECK_EQ(syscall(SYS_read, p.fd, &c, 1L), 1);
	CHECK_EQ(c, 'x');
}

static void *waits(void *arg)
{
	int i = (int)(long)arg;

	ids[i] = (pid_t)syscall(SYS_gettid);
	CHECK_EQ(ids[i], gettid());
	waits_for_byte(i);
	CHECK_EQ(syscall(SYS_gettid), ids[i]);
	CHECK_ERRNO(syscall(SYS_close, -1), EBADF);
	CHECK_ERRNO(syscall(SYS_read, -1, NULL, 0L), EBADF);
	return NULL;
}

static void sends(void)
{
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(syscall(SYS_write, fd[i][0], "x", 1L), 1);
}

static void ids_differ(void)
{
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < i; k++)
			CHECK(ids[i] != ids[k] && ids[i] != getpid());
	CHECK_EQ(syscall(SYS_gettid), getpid());
}

/* Masks and signals are the thread's own. */
static void *takes_signal(void *arg)
{
	unsigned long set = 1UL << (SIGUSR1 - 1), old = 0, pending = 0;
	sigset_t now;

	(void)arg;
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L), 0);
	CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
	CHECK(sigismember(&now, SIGUSR1));
	CHECK_EQ(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	CHECK_EQ(syscall(SYS_rt_sigpending, &pending, 8L), 0);
	CHECK_EQ(pending, set);
	CHECK_EQ(caught_here, 0);
	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8L), 0);
	CHECK_EQ(old & set, set);
	CHECK_EQ(caught_here, 1);
	CHECK_EQ(syscall(SYS_tkill, gettid(), SIGUSR1), 0);
	CHECK_EQ(caught_here, 2);
	CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4L),
		    EINVAL);
	return NULL;
}

static void *waits_for_child(void *arg)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(3);
	CHECK_EQ(syscall(SYS_wait4, pid, &status, 0, NULL), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 3);
	return arg;
}

static void *leaves(void *arg)
{
	syscall(SYS_exit, 0);
	return arg;
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	batch_raise_limit(RLIMIT_NOFILE);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]), 0);
	batch(THREADS, waits, sends, 5000);
	ids_differ();
	check_join(check_spawn(takes_signal, NULL));
	CHECK_EQ(caught, 2);
	check_join(check_spawn(waits_for_child, NULL));
	check_join(check_spawn(leaves, NULL));
	puts("as the functions");
	return 0;
}
