/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signal that comes after a call was made and before it sleeps ends it, too.
 *
 * A poll of many descriptors looks at them for long.  Another process sends a
 * signal at some time from a little after the call on, so most of them come
 * while it looks.  One that comes before the call is made is nobody's fault:
 * that may happen, but seldom.
 */
#include "check.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ROUNDS = 200, FDS = 10000, SPAN_NS = 200000, LONG_MS = 50 };

static volatile sig_atomic_t come;
static atomic_int *begun; /* rounds; shared with the child, which spins on it */
static int never[2];
static struct pollfd fds[FDS];
static nfds_t n;

static void handler(int sig)
{
	(void)sig;
	come = 1;
}

static void spin(long long ns)
{
	long long end = check_now(CLOCK_MONOTONIC) + ns;

	while (check_now(CLOCK_MONOTONIC) < end)
		;
}

static void send_signals(pid_t to)
{
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < ROUNDS; i++) {
		while (atomic_load(begun) <= i)
			;
		spin((long long)SPAN_NS * i / ROUNDS);
		kill(to, SIGUSR1);
	}
	_exit(0);
}

/* Whether the poll has slept although the signal had come. */
static int missed(void)
{
	int r, err;

	come = 0;
	atomic_fetch_add(begun, 1);
	do
		r = poll(fds, n, LONG_MS);
	while (r == 0 && !come);
	err = errno;
	if (r)
		CHECK_EQ(err, EINTR);
	return r == 0;
}

/* As many as poll takes. */
static nfds_t most_fds(void)
{
	struct rlimit limit;

	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	if (limit.rlim_cur < FDS) {
		limit.rlim_cur = limit.rlim_max < FDS ? limit.rlim_max : FDS;
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	}
	return limit.rlim_cur < FDS ? limit.rlim_cur : FDS;
}

static void *wait_here(void *arg)
{
	CHECK_EQ(poll(fds, 1, -1), 0);
	return arg;
}

int main(void)
{
	struct sigaction act = { .sa_handler = handler };
	sigset_t usr1, old;
	pthread_t other;
	int misses = 0, status;
	nfds_t i;
	pid_t child;

	begun = mmap(NULL, sizeof(*begun), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(begun != MAP_FAILED);
	CHECK_OK(pipe(never));
	n = most_fds();
	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = never[0], .events = POLLIN };
	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	child = fork();
	if (child == 0)
		send_signals(getppid());
	CHECK(child > 0);

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &usr1, &old));
	CHECK_OK(pthread_create(&other, NULL, wait_here, NULL));
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &old, NULL));
	for (i = 0; i < ROUNDS; i++)
		misses += missed();
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	if (misses > ROUNDS / 20)
		check_fail("%d of %d signals were missed", misses, ROUNDS);
	puts("signals that came early have ended the call");
	return 0;
}
