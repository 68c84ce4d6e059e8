/* SPDX-License-Identifier: BSD-2-Clause */
/* What was pending for main before there were threads is main's alone, and what
 * was pending for the process is whoever's takes it first. */
#include "check.h"

#define QUEUED 3

static sigset_t both;
static int got;

static void *looks(void *arg)
{
	const struct timespec now = { 0 };
	sigset_t set;

	CHECK_EQ(sigpending(&set), 0);
	CHECK_EQ(sigismember(&set, SIGUSR1), 0);
	CHECK_EQ(sigismember(&set, SIGUSR2), 0);
	CHECK_EQ(sigismember(&set, SIGRTMIN), 1);
	CHECK_ERRNO(sigtimedwait(&both, NULL, &now), EAGAIN);
	return arg;
}

/* They come in the order in which they were sent. */
static void *takes(void *arg)
{
	sigset_t set;
	siginfo_t si;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (int i = 0; i < QUEUED; i++) {
		CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
		CHECK_EQ(si.si_value.sival_int, i);
		got++;
	}
	return arg;
}

int main(void)
{
	siginfo_t si;
	sigset_t set;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGUSR2);
	set = both;
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_OK(pthread_kill(pthread_self(), SIGUSR2));
	for (int i = 0; i < QUEUED; i++)
		CHECK_EQ(sigqueue(getpid(), SIGRTMIN,
				  (union sigval){ .sival_int = i }), 0);
	check_join(check_spawn(looks, NULL));
	check_join(check_spawn(takes, NULL));
	CHECK_EQ(sigpending(&set), 0);
	CHECK_EQ(sigismember(&set, SIGUSR1), 1);
	CHECK_EQ(sigismember(&set, SIGUSR2), 1);
	CHECK_EQ(sigwaitinfo(&both, &si), SIGUSR1);
	CHECK_EQ(si.si_pid, getpid());
	CHECK_EQ(sigwaitinfo(&both, &si), SIGUSR2);
	printf("%d taken\n", got);
	return 0;
}
