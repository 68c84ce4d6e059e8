/* SPDX-License-Identifier: BSD-2-Clause */
/* A signal that a wait's mask lets in ends that wait, however it comes. */
#include "check.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/select.h>

#define ROUNDS 1500

static volatile sig_atomic_t hits;
static atomic_int asked;
static pthread_t target;
static sigset_t usr1, none;

static void handler(int sig)
{
	sigset_t now;

	(void)sig;
	hits++;
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1));
}

static int by_sigsuspend(void)
{
	return sigsuspend(&none);
}

static int by_pselect_now(void)
{
	struct timespec now = { 0, 0 };

	return pselect(0, NULL, NULL, NULL, &now, &none);
}

static int by_pselect(void)
{
	return pselect(0, NULL, NULL, NULL, NULL, &none);
}

static int by_ppoll(void)
{
	struct timespec long_time = { 30, 0 };

	return ppoll(NULL, 0, &long_time, &none);
}

static int (*const ways[])(void) = {
	by_sigsuspend, by_pselect, by_ppoll, by_pselect_now,
};

/* One signal for each that is asked for, to the thread or the process. */
static void *sender(void *arg)
{
	int done = 0;

	while (done < 3 * ROUNDS) {
		if (atomic_load(&asked) == done) {
			sched_yield();
			continue;
		}
		done++;
		if (done & 1)
			CHECK_OK(pthread_kill(target, SIGUSR1));
		else
			CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	}
	return arg;
}

static void wait_once(int way, int before)
{
	sigset_t mask;

	CHECK_ERRNO(ways[way](), EINTR);
	CHECK_EQ(hits, before + 1);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK(sigismember(&mask, SIGUSR1));
	CHECK(!sigismember(&mask, SIGUSR2));
}

/* The signal is on its way, here or there. */
static void check_racing(void)
{
	pthread_t t = check_spawn(sender, NULL);

	for (int i = 0; i < 3 * ROUNDS; i++) {
		atomic_fetch_add(&asked, 1);
		wait_once(i % 3, i);
	}
	check_join(t);
}

/* It is pending already; then a time of nothing is time enough. */
static void check_pending(void)
{
	int before = hits;

	for (int i = 0; i < ROUNDS; i++) {
		if (i & 1)
			CHECK_EQ(raise(SIGUSR1), 0);
		else
			CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		wait_once(i % 4, before + i);
	}
}

/* Nothing is: the time passes, and the mask is back. */
static void check_nothing(void)
{
	struct timespec soon = { 0, CHECK_MS };
	sigset_t mask;

	CHECK_EQ(ppoll(NULL, 0, &soon, &none), 0);
	CHECK_EQ(by_pselect_now(), 0);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK(sigismember(&mask, SIGUSR1));
}

/* A descriptor is ready: the signal stays pending. */
static void check_ready(void)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2], before = hits;
	sigset_t pending;

	CHECK_EQ(pipe(fds), 0);
	check_write(fds[1], "x", 1);
	p.fd = fds[0];
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(ppoll(&p, 1, NULL, &none), 1);
	CHECK_EQ(hits, before);
	CHECK_EQ(sigpending(&pending), 0);
	CHECK(sigismember(&pending, SIGUSR1));
	wait_once(0, before);
}

static void *run(void *arg)
{
	target = pthread_self();
	hits = 0;
	atomic_store(&asked, 0);
	check_racing();
	check_pending();
	check_nothing();
	check_ready();
	return arg;
}

int main(void)
{
	struct sigaction act = { .sa_handler = handler };

	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &usr1, NULL));
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	run(NULL);
	check_join(check_spawn(run, NULL));
	puts("each wait was ended by its signal");
	return 0;
}
