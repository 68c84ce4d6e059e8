/* SPDX-License-Identifier: BSD-2-Clause */
/* The signal calls of System V and BSD, on threads' own masks. */
#include "check.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static __thread volatile sig_atomic_t hits;

static void handler(int sig)
{
	(void)sig;
	hits++;
}

static int blocked(int sig)
{
	sigset_t now;

	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
	return sigismember(&now, sig);
}

static void check_system_v(void)
{
	CHECK(sigset(SIGUSR1, handler) != SIG_ERR);
	CHECK(!blocked(SIGUSR1));
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 1);
	CHECK(sigset(SIGUSR1, SIG_HOLD) == handler);
	CHECK(blocked(SIGUSR1));
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 1);
	CHECK(sigset(SIGUSR1, handler) == SIG_HOLD);
	CHECK_EQ(hits, 2);
	CHECK_EQ(sighold(SIGUSR1), 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 2);
	CHECK_ERRNO(sigpause(SIGUSR1), EINTR);
	CHECK_EQ(hits, 3);
	CHECK(blocked(SIGUSR1));
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(sigrelse(SIGUSR1), 0);
	CHECK_EQ(hits, 4);
	CHECK_EQ(sigignore(SIGUSR1), 0);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 4);
	CHECK_ERRNO(sighold(0), EINVAL);
	CHECK_ERRNO(sigrelse(1000), EINVAL);
	CHECK(sigset(1000, handler) == SIG_ERR);
	hits = 0;
}

static int bit(int sig)
{
	return 1 << (sig - 1);
}

static void check_bsd(void)
{
	CHECK(signal(SIGUSR1, handler) != SIG_ERR);
	CHECK_EQ(sigblock(bit(SIGUSR1)), 0);
	CHECK_EQ(sigblock(0), bit(SIGUSR1));
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 0);
	CHECK_EQ(sigsetmask(bit(SIGUSR2)), bit(SIGUSR1));
	CHECK_EQ(hits, 1);
	CHECK_EQ(sigsetmask(0), bit(SIGUSR2));
	CHECK(!blocked(SIGUSR2));
	hits = 0;
}

static int flags_of(int sig)
{
	struct sigaction act;

	CHECK_EQ(sigaction(sig, NULL, &act), 0);
	return act.sa_flags & (SA_RESTART | SA_RESETHAND | SA_NODEFER);
}

static void check_flags(void)
{
	CHECK(signal(SIGUSR1, handler) != SIG_ERR);
	CHECK_EQ(flags_of(SIGUSR1), SA_RESTART);
	CHECK_EQ(siginterrupt(SIGUSR1, 1), 0);
	CHECK_EQ(flags_of(SIGUSR1), 0);
	CHECK(signal(SIGUSR1, handler) == handler);
	CHECK_EQ(flags_of(SIGUSR1), 0);
	CHECK_EQ(siginterrupt(SIGUSR1, 0), 0);
	CHECK_EQ(flags_of(SIGUSR1), SA_RESTART);
	CHECK(sysv_signal(SIGUSR1, handler) == handler);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(hits, 1);
	CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL); /* it was good for one */
	CHECK(signal(SIGKILL, handler) == SIG_ERR);
	hits = 0;
}

static void *run(void *arg)
{
	check_system_v();
	check_bsd();
	check_flags();
	return arg;
}

int main(void)
{
	run(NULL);
	check_join(check_spawn(run, NULL));
	run(NULL);
	puts("old signal calls");
	return 0;
}
