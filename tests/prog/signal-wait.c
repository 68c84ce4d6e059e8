/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for signals: sigwait and its kin, pause, alarm, threads' masks. */
#include "check.h"

#include <semaphore.h>
#include <stdatomic.h>

static atomic_int hits, ended;
static pthread_t target;
static sem_t ready, go;

static void handler(int sig)
{
	(void)sig;
	atomic_fetch_add(&hits, 1);
}

static sigset_t one(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static void *send_once(void *arg)
{
	check_msleep(30);
	CHECK_OK(pthread_kill(target, *(int *)arg));
	return NULL;
}

/* For calls that may begin after the first signal. */
static void *send_until(void *arg)
{
	do {
		check_msleep(20);
		if (!atomic_load(&ended))
			CHECK_OK(pthread_kill(target, *(int *)arg));
	} while (!atomic_load(&ended));
	return NULL;
}

static void check_accept(void)
{
	static int sig = SIGUSR1, queued;
	struct timespec ten = { 10, 0 }, zero = { 0, 0 };
	struct timespec short_time = { 0, 20 * CHECK_MS };
	sigset_t set = one(SIGUSR1), pending;
	siginfo_t info;
	pthread_t t;
	int got = 0;

	queued = SIGRTMIN + 1;
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	target = pthread_self();
	/* One that is pending, and one that comes. */
	CHECK_OK(pthread_kill(target, SIGUSR1));
	CHECK_EQ(sigpending(&pending), 0);
	CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
	CHECK_OK(sigwait(&set, &got));
	CHECK_EQ(got, SIGUSR1);
	t = check_spawn(send_once, &sig);
	CHECK_OK(sigwait(&set, &got));
	CHECK_EQ(got, SIGUSR1);
	check_join(t);
	t = check_spawn(send_once, &sig);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_pid, getpid());
	check_join(t);
	t = check_spawn(send_once, &sig);
	CHECK_EQ(sigtimedwait(&set, &info, &ten), SIGUSR1);
	check_join(t);
	CHECK_ERRNO(sigtimedwait(&set, &info, &zero), EAGAIN);
	CHECK_ERRNO(sigtimedwait(&set, &info, &short_time), EAGAIN);
	/* One to the process. */
	CHECK_EQ(kill(getpid(), SIGUSR1), 0);
	CHECK_EQ(sigtimedwait(&set, NULL, &ten), SIGUSR1);
	/* Real-time signals queue, with their values in order. */
	set = one(queued);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (got = 0; got < 5; got++)
		CHECK_OK(pthread_sigqueue(target, queued,
					  (union sigval){ .sival_int = got }));
	for (got = 0; got < 5; got++) {
		CHECK_EQ(sigwaitinfo(&set, &info), queued);
		CHECK_EQ(info.si_code, SI_QUEUE);
		CHECK_EQ(info.si_value.sival_int, got);
	}
	CHECK_ERRNO(sigtimedwait(&set, NULL, &zero), EAGAIN);
	CHECK_EQ(atomic_load(&hits), 0);
	CHECK_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
}

/* SIGUSR1 is blocked: only inside these calls it is handled. */
static void check_suspend(void)
{
	static int sig = SIGUSR1;
	sigset_t mask, now;
	pthread_t t;

	target = pthread_self();
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK_EQ(sigismember(&mask, SIGUSR1), 1);
	sigdelset(&mask, SIGUSR1);
	atomic_store(&hits, 0);
	CHECK_OK(pthread_kill(target, SIGUSR1));
	CHECK_EQ(atomic_load(&hits), 0);
	CHECK_ERRNO(sigsuspend(&mask), EINTR);
	CHECK_EQ(atomic_load(&hits), 1);
	t = check_spawn(send_once, &sig);
	CHECK_ERRNO(sigsuspend(&mask), EINTR);
	CHECK_EQ(atomic_load(&hits), 2);
	check_join(t);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
	CHECK_EQ(sigismember(&now, SIGUSR1), 1);
	/* Unblocking hands it over at once. */
	CHECK_OK(pthread_kill(target, SIGUSR1));
	CHECK_EQ(atomic_load(&hits), 2);
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	CHECK_EQ(atomic_load(&hits), 3);
}

static void check_pause(void)
{
	static int sig = SIGUSR1;
	pthread_t t;

	atomic_store(&ended, 0);
	target = pthread_self();
	t = check_spawn(send_until, &sig);
	CHECK_ERRNO(pause(), EINTR);
	atomic_store(&ended, 1);
	check_join(t);
}

/* Only the main thread lets SIGALRM in. */
static void check_alarm(void)
{
	long long begin = check_now(CLOCK_MONOTONIC);

	atomic_store(&hits, 0);
	CHECK_EQ(alarm(100), 0);
	CHECK(alarm(1) >= 99);
	CHECK(sleep(60) >= 50);
	CHECK_EQ(atomic_load(&hits), 1);
	CHECK(check_now(CLOCK_MONOTONIC) - begin >= 900 * CHECK_MS);
	CHECK_EQ(alarm(0), 0);
}

/* Starts with its creator's mask, and changes none but its own. */
static void *masked(void *arg)
{
	sigset_t set = one(SIGHUP), mask;

	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK_EQ(sigismember(&mask, SIGUSR2), 1);
	CHECK_EQ(sigismember(&mask, SIGHUP), 0);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK_EQ(sem_post(&ready), 0);
	CHECK_EQ(sem_wait(&go), 0);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK_EQ(sigismember(&mask, SIGUSR2), 1);
	CHECK_EQ(sigismember(&mask, SIGHUP), 1);
	CHECK_EQ(sigismember(&mask, SIGTERM), 0);
	/* What was sent to this thread waits here. */
	CHECK_EQ(sigpending(&mask), 0);
	CHECK_EQ(sigismember(&mask, SIGUSR2), 1);
	CHECK_EQ(sigismember(&mask, SIGHUP), 1);
	return arg;
}

static void check_masks(void)
{
	sigset_t set = one(SIGUSR2), mask;
	pthread_t t[4];
	int i;

	atomic_store(&hits, 0);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (i = 0; i < 4; i++)
		t[i] = check_spawn(masked, NULL);
	for (i = 0; i < 4; i++)
		CHECK_EQ(sem_wait(&ready), 0);
	for (i = 0; i < 4; i++) {
		CHECK_OK(pthread_kill(t[i], SIGUSR2));
		CHECK_OK(pthread_kill(t[i], SIGHUP));
	}
	set = one(SIGTERM);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	for (i = 0; i < 4; i++)
		CHECK_EQ(sem_post(&go), 0);
	for (i = 0; i < 4; i++)
		check_join(t[i]);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
	CHECK_EQ(sigismember(&mask, SIGHUP), 0);
	CHECK_EQ(sigpending(&mask), 0);
	CHECK_EQ(sigismember(&mask, SIGUSR2), 0);
	/* The one thread that lets it in handles it. */
	CHECK_EQ(kill(getpid(), SIGHUP), 0);
	CHECK_EQ(atomic_load(&hits), 1);
}

static void *run(void *arg)
{
	check_accept();
	check_suspend();
	check_pause();
	return arg;
}

int main(void)
{
	static const int sigs[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGALRM };
	struct sigaction act = { .sa_handler = handler };
	sigset_t set = one(SIGUSR1);
	size_t i;

	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		CHECK_EQ(sigaction(sigs[i], &act, NULL), 0);
	CHECK_EQ(sem_init(&ready, 0, 0), 0);
	CHECK_EQ(sem_init(&go, 0, 0), 0);
	run(NULL);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	atomic_store(&hits, 0);
	check_join(check_spawn(run, NULL));
	check_alarm();
	check_masks();
	puts("signals waited for");
	return 0;
}
