/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits of a thread whose calls are to fail: they fail, with the error that was
 * given. */
#include "injected.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char buf[1 << 20];

static int in_read(void)
{
	return err_of(read(on.pipe[0], buf, 1));
}

static int in_readv(void)
{
	struct iovec v = { buf, 1 };

	return err_of(readv(on.quiet[0], &v, 1));
}

static int in_recvmsg(void)
{
	struct iovec v = { buf, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return err_of(recvmsg(on.quiet[0], &m, 0));
}

/* What has been moved is told; the next one fails. */
static int in_write(void)
{
	ssize_t n = write(on.full[0], buf, sizeof(buf));

	CHECK(n < (ssize_t)sizeof(buf));
	return n < 0 ? errno : err_of(write(on.full[0], buf, sizeof(buf)));
}

static int in_accept(void)
{
	int err, fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(listen(fd, 1), 0);
	err = err_of(accept(fd, NULL, NULL));
	CHECK_EQ(close(fd), 0);
	return err;
}

static int in_poll(void)
{
	struct pollfd p = { on.quiet[0], POLLIN, 0 };

	return err_of(poll(&p, 1, 60000));
}

static int in_ppoll(void)
{
	return err_of(ppoll(NULL, 0, NULL, NULL));
}

static int in_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(on.quiet[0], &set);
	return err_of(select(on.quiet[0] + 1, &set, NULL, NULL, NULL));
}

static int in_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int err, fd = epoll_create1(0);

	CHECK_EQ(epoll_ctl(fd, EPOLL_CTL_ADD, on.quiet[0], &ev), 0);
	err = err_of(epoll_wait(fd, &ev, 1, -1));
	CHECK_EQ(close(fd), 0);
	return err;
}

static int in_eventfd(void)
{
	int err, fd = eventfd(0, 0);
	eventfd_t value;

	err = err_of(eventfd_read(fd, &value));
	CHECK_EQ(close(fd), 0);
	return err;
}

static int in_fgets(void)
{
	errno = 0;
	CHECK(fgets(buf, sizeof(buf), on.file) == NULL);
	CHECK(ferror(on.file));
	return errno;
}

static int in_sleep(void)
{
	struct timespec t = { 60, 0 };

	return err_of(nanosleep(&t, NULL));
}

static int in_clock_sleep(void)
{
	struct timespec t = minute(CLOCK_MONOTONIC);

	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int in_sem(void)
{
	return err_of(sem_wait(&on.sem));
}

static int in_timed_sem(void)
{
	struct timespec t = minute(CLOCK_REALTIME);

	return err_of(sem_timedwait(&on.sem, &t));
}

static void *until_flag(void *arg)
{
	while (!on.flag)
		check_msleep(1);
	return arg;
}

/* It can still be joined, by who is not cancelled. */
static pthread_t other;

static int in_join(void)
{
	other = check_spawn(until_flag, NULL);
	return pthread_join(other, NULL);
}

static void after_join(void)
{
	on.flag = true;
	check_join(other);
}

static int in_child(void)
{
	pid_t pid = fork();
	int err;

	if (pid == 0)
		for (;;)
			pause();
	err = err_of(waitpid(pid, NULL, 0));
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0)
		sched_yield();
	return err;
}

static int in_sigwait(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigwait(&set, &sig);
}

static int in_sigwaitinfo(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return err_of(sigwaitinfo(&set, NULL));
}

static int in_pause(void)
{
	return err_of(pause());
}

static int in_sigsuspend(void)
{
	sigset_t none;

	sigemptyset(&none);
	return err_of(sigsuspend(&none));
}

static int in_msgrcv(void)
{
	int err, id = msgget(IPC_PRIVATE, 0600);
	struct {
		long type;
		char text[8];
	} m;

	err = err_of(msgrcv(id, &m, sizeof(m.text), 0, 0));
	CHECK_EQ(msgctl(id, IPC_RMID, NULL), 0);
	return err;
}

static int in_syscall(void)
{
	return err_of(syscall(SYS_read, on.pipe[0], buf, 1));
}

static const struct op ops[] = {
FAILS("read", in_read),
	FAILS("readv", in_readv),
	FAILS("recvmsg", in_recvmsg),
	FAILS("write", in_write),
	FAILS("accept", in_accept),
	FAILS("poll", in_poll),
	FAILS("ppoll", in_ppoll),
	FAILS("select", in_select),
	FAILS("epoll_wait", in_epoll),
	FAILS("eventfd_read", in_eventfd),
	FAILS("fgets", in_fgets),
	FAILS("nanosleep", in_sleep),
	FAILS("clock_nanosleep", in_clock_sleep),
	FAILS("sem_wait", in_sem),
	FAILS("sem_timedwait", in_timed_sem),
	FAILS("pthread_join", in_join, .after = after_join),
	FAILS("waitpid", in_child),
	FAILS("sigwait", in_sigwait),
	FAILS("sigwaitinfo", in_sigwaitinfo),
	FAILS("pause", in_pause),
	FAILS("sigsuspend", in_sigsuspend),
	FAILS("msgrcv", in_msgrcv),
	FAILS("syscall(SYS_read)", in_syscall),
};

int main(void)
{
	return try_all(ops, sizeof(ops) / sizeof(ops[0]));
}
