/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal for a process group, or for the owner of a descriptor, that one
 * thread of this process takes. */
#include "check.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define ROUNDS 200

static volatile sig_atomic_t got;
static _Atomic(pthread_t) by;

static void note(int sig)
{
	(void)sig;
	by = pthread_self();
	got++;
}

static void mask(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	CHECK_OK(pthread_sigmask(how, &set, NULL));
}

/* Who is the only one to take it has done so when the call returns. */
static void *signal_group(void *arg)
{
	mask(SIG_UNBLOCK, SIGUSR1);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(i % 3 == 0 ? kill(0, SIGUSR1) :
			 i % 3 == 1 ? kill(-getpgrp(), SIGUSR1) :
				      killpg(0, SIGUSR1), 0);
		CHECK_EQ(got, i + 1);
		CHECK(pthread_equal(by, pthread_self()));
	}
	CHECK_EQ(kill(0, 0), 0);
	CHECK_ERRNO(killpg(-1, 0), EINVAL);
	return arg;
}

/* Everybody blocks it: it is pending. */
static void check_blocked(void)
{
	sigset_t set;

	CHECK_EQ(killpg(getpgrp(), SIGUSR1), 0);
	CHECK_EQ(sigpending(&set), 0);
	CHECK(sigismember(&set, SIGUSR1));
	got = 0;
	mask(SIG_UNBLOCK, SIGUSR1);
	CHECK_EQ(got, 1);
	mask(SIG_BLOCK, SIGUSR1);
}

static sem_t owned;
static int fd[2];

static void *own(void *arg)
{
	struct f_owner_ex owner = { F_OWNER_TID, gettid() };

	mask(SIG_UNBLOCK, SIGIO);
	CHECK_EQ(fcntl(fd[0], F_SETOWN_EX, &owner), 0);
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_ASYNC), 0);
	got = 0;
	CHECK_EQ(sem_post(&owned), 0);
	while (!got)
		usleep(1000);
	CHECK(pthread_equal(by, pthread_self()));
	return arg;
}

static void check_owner(void)
{
	pthread_t t;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_EQ(sem_init(&owned, 0, 0), 0);
	mask(SIG_BLOCK, SIGIO);
	t = check_spawn(own, NULL);
	CHECK_EQ(sem_wait(&owned), 0);
	check_write(fd[1], "x", 1);
	check_join(t);
}

static int in_own_group(void)
{
	struct sigaction act = { .sa_handler = note };

	CHECK_EQ(setpgid(0, 0), 0);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	CHECK_EQ(sigaction(SIGIO, &act, NULL), 0);
	mask(SIG_BLOCK, SIGUSR1);
	check_join(check_spawn(signal_group, NULL));
	check_blocked();
	check_owner();
	return 0;
}

int main(void)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(in_own_group());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf("%d signals to the group\n", ROUNDS);
	return 0;
}
