/* SPDX-License-Identifier: BSD-2-Clause */
/* syscall(2) does for a thread what the functions of those names do. */
#include "batch.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
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

static void on_info(int sig, siginfo_t *si, void *context)
{
	(void)context;
	on_signal(sig);
	CHECK_EQ(si->si_value.sival_int, 5);
}

/* With what it is told. */
static void *takes_info(void *arg)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };
	siginfo_t si = { .si_code = SI_QUEUE };
	int before = caught_here;

	act.sa_sigaction = on_info;
	CHECK_EQ(sigaction(SIGUSR2, &act, NULL), 0);
	si.si_pid = getpid();
	si.si_value.sival_int = 5;
	CHECK_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR2,
			 &si), 0);
	CHECK_EQ(caught_here, before + 1);
	CHECK_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 99,
			    &si), EINVAL);
	return arg;
}

/* One descriptor for what is sent to the thread, too. */
static void *reads_signal(void *arg)
{
	struct signalfd_siginfo si;
	unsigned long set = 1UL << (SIGUSR1 - 1);
	int fd;

	CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L), 0);
	fd = (int)syscall(SYS_signalfd4, -1, &set, 8L, SFD_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1), 0);
	CHECK_EQ(read(fd, &si, sizeof si), sizeof si);
	CHECK_EQ(si.ssi_signo, SIGUSR1);
	CHECK_EQ(close(fd), 0);
	CHECK_ERRNO(syscall(SYS_signalfd4, -1, &set, 4L, 0), EINVAL);
	return arg;
}

/* For this thread, on a clock of everybody's and on its own. */
static void *is_timed(void *arg)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC,
					    CLOCK_THREAD_CPUTIME_ID };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGUSR2,
			       .sigev_value.sival_int = 5 };
	struct itimerspec ms = { { 0, CHECK_MS }, { 0, CHECK_MS } }, now;

	ev._sigev_un._tid = gettid();
	for (int i = 0; i < 2; i++) {
		int t = -1, before = caught_here;

		CHECK_EQ(syscall(SYS_timer_create, clocks[i], &ev, &t), 0);
		CHECK_EQ(syscall(SYS_timer_settime, t, 0, &ms, NULL), 0);
		CHECK_EQ(syscall(SYS_timer_gettime, t, &now), 0);
		CHECK_EQ(now.it_interval.tv_nsec, CHECK_MS);
		while (caught_here < before + 3)
			;
		CHECK(syscall(SYS_timer_getoverrun, t) >= 0);
		CHECK_EQ(syscall(SYS_timer_delete, t), 0);
		CHECK_ERRNO(syscall(SYS_timer_delete, t), EINVAL);
	}
	CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC,
			    check_bad_pointer(), &ev), EFAULT);
	return arg;
}

/* The numbers of threads name threads, in every such call. */
static void *schedules(void *arg)
{
	struct sched_param param = { 0 };
	cpu_set_t cpus;
	pid_t me = gettid();
	long n = syscall(SYS_sched_getaffinity, me, sizeof cpus, &cpus);

	CHECK(n > 0 && n % 8 == 0);
	CHECK_EQ(syscall(SYS_sched_setaffinity, me, n, &cpus), 0);
	CHECK_EQ(syscall(SYS_sched_getaffinity, 0, n, &cpus), n);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, me, 1L, &cpus), EINVAL);
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, me), 20);
	CHECK_EQ(syscall(SYS_setpriority, PRIO_PROCESS, me, 7), 0);
	CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 13);
	CHECK_EQ(getpriority(PRIO_PROCESS, me), 7);
	CHECK_EQ(getpriority(PRIO_PROCESS, getpid()), 0);
	CHECK_EQ(syscall(SYS_sched_setscheduler, me, SCHED_BATCH, &param), 0);
	CHECK_EQ(syscall(SYS_sched_getscheduler, me), SCHED_BATCH);
	CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
	CHECK_EQ(sched_getscheduler(getpid()), SCHED_OTHER);
	CHECK_EQ(syscall(SYS_sched_getparam, me, &param), 0);
	CHECK_EQ(syscall(SYS_sched_setparam, me, &param), 0);
	return arg;
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
	sigaddset(&act.sa_mask, SIGUSR1);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]), 0);
	batch(THREADS, waits, sends, 5000);
	ids_differ();
	check_join(check_spawn(takes_signal, NULL));
	CHECK_EQ(caught, 2);
	check_join(check_spawn(takes_info, NULL));
	check_join(check_spawn(is_timed, NULL));
	CHECK_EQ(sigprocmask(SIG_BLOCK, &act.sa_mask, NULL), 0);
	check_join(check_spawn(reads_signal, NULL));
	check_join(check_spawn(schedules, NULL));
	check_join(check_spawn(waits_for_child, NULL));
	check_join(check_spawn(leaves, NULL));
	puts("as the functions");
	return 0;
}
