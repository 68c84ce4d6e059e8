/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signal from another process comes to the one thread that does not block it,
 * also if it is one that a thread usually brings upon itself.
 */
#include "check.h"

#include <sys/wait.h>

enum { TURNS = 20 };

static const int sigs[] = {
	SIGPIPE, SIGXFSZ, SIGABRT, SIGTRAP, SIGSYS, SIGBUS, SIGFPE, SIGUSR1,
};

enum { SIGS = sizeof sigs / sizeof sigs[0] };

static pthread_t taker;
static int taken[2]; /* a pipe */
static int stop;

static void note(int sig)
{
	char c = (char)sig;

	CHECK(pthread_equal(pthread_self(), taker));
	check_write(taken[1], &c, 1);
}

/* Has all of them open. */
static void *takes(void *arg)
{
	sigset_t none;

	sigemptyset(&none);
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &none, NULL));
	check_step(arg);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		check_msleep(1);
	return arg;
}

/* Blocks them, and is found at work. */
static void *works(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		sched_yield();
	return arg;
}

static void send_all(void)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0) {
		for (int i = 0; i < SIGS; i++)
			if (kill(getppid(), sigs[i]) != 0)
				_exit(1);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
}

int main(void)
{
	pthread_t t[2];
	sigset_t set;
	int steps = 0;

	sigemptyset(&set);
	for (int i = 0; i < SIGS; i++) {
		sigaddset(&set, sigs[i]);
		check_handle(sigs[i], note, SA_RESTART);
	}
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK_EQ(pipe(taken), 0);
	for (int i = 0; i < 2; i++)
		t[i] = check_spawn(works, NULL);
	taker = check_spawn(takes, &steps);
	while (!__atomic_load_n(&steps, __ATOMIC_SEQ_CST))
		check_msleep(1);
	for (int i = 0; i < TURNS; i++) {
		char c[SIGS];

		send_all();
		check_read(taken[0], c, sizeof c); /* or else it hangs */
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(taker);
	for (int i = 0; i < 2; i++)
		check_join(t[i]);
	return 0;
}
