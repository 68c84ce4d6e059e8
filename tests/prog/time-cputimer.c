/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers on the CPU clock of a thread: only what that one uses counts. */
#include "check.h"

#include <stdatomic.h>
#include <sys/types.h>

#define THREADS 3

static atomic_int stop, process_signals;
static __thread volatile sig_atomic_t mine;
static __thread timer_t timer;

static long long used(void)
{
	return check_now(CLOCK_THREAD_CPUTIME_ID);
}

static void on_process(int sig, siginfo_t *si, void *context)
{
	(void)context;
	CHECK_EQ(sig, SIGUSR1);
	CHECK_EQ(si->si_code, SI_TIMER);
	CHECK_EQ(si->si_value.sival_int, 77);
	atomic_fetch_add(&process_signals, 1);
}

static void on_thread(int sig)
{
	CHECK_EQ(sig, SIGUSR2);
	mine++;
}

static struct itimerspec after(long value, long interval)
{
	struct itimerspec its = {
		.it_value.tv_nsec = value * CHECK_MS,
		.it_interval.tv_nsec = interval * CHECK_MS,
	};

	return its;
}

static void *burn(void *arg)
{
	while (!atomic_load(&stop))
		;
	return arg;
}

/* Each has its own, at the same time; who waits uses nothing. */
static void *own(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGUSR2 };
	struct itimerspec its = after(30, 0), left;
	long long begin;
	clockid_t clock;

	ev._sigev_un._tid = gettid();
	CHECK_OK(pthread_getcpuclockid(pthread_self(), &clock));
	CHECK_EQ(timer_create(*(int *)arg ? clock : CLOCK_THREAD_CPUTIME_ID,
			      &ev, &timer), 0);
	begin = used();
	CHECK_EQ(timer_settime(timer, 0, &its, NULL), 0);
	check_msleep(60);
	CHECK_EQ(mine, 0);
	CHECK_EQ(timer_gettime(timer, &left), 0);
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 0 &&
	      left.it_value.tv_nsec <= 30 * CHECK_MS);
	while (!mine)
		;
	CHECK(used() - begin >= 30 * CHECK_MS);
	CHECK(used() - begin < 1000 * CHECK_MS);
	its = after(10, 10);
	CHECK_EQ(timer_settime(timer, 0, &its, &left), 0);
	CHECK(!left.it_value.tv_sec && !left.it_value.tv_nsec);
	while (mine < 5)
		;
	CHECK(used() - begin >= 70 * CHECK_MS);
	CHECK_EQ(timer_delete(timer), 0);
	CHECK_ERRNO(timer_gettime(timer, &left), EINVAL);
	return NULL;
}

/* Of another thread, for the process. */
static void check_other(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1,
			       .sigev_value.sival_int = 77 };
	struct itimerspec its = after(20, 0);
	clockid_t clock;
	pthread_t t;

	t = check_spawn(burn, NULL);
	CHECK_OK(pthread_getcpuclockid(t, &clock));
	CHECK_EQ(timer_create(clock, &ev, &timer), 0);
	its.it_value.tv_nsec = 1000000000;
	CHECK_ERRNO(timer_settime(timer, 0, &its, NULL), EINVAL);
	CHECK_ERRNO(timer_settime(timer, 0, NULL, NULL), EINVAL);
	its = after(20, 0);
	CHECK_EQ(timer_settime(timer, 0, &its, NULL), 0);
	while (!atomic_load(&process_signals))
		check_msleep(1);
	CHECK(check_now(clock) >= 20 * CHECK_MS);
	CHECK_EQ(timer_getoverrun(timer), 0);
	CHECK_EQ(timer_delete(timer), 0);
	atomic_store(&stop, 1);
	check_join(t);
	CHECK_EQ(atomic_load(&process_signals), 1);
}

int main(void)
{
	struct sigaction act = { .sa_handler = on_thread };
	int i, how[THREADS];
	pthread_t t[THREADS];

	CHECK_EQ(sigaction(SIGUSR2, &act, NULL), 0);
	act.sa_sigaction = on_process;
	act.sa_flags = SA_SIGINFO;
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		how[i] = i % 2;
		t[i] = check_spawn(own, &how[i]);
	}
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	check_other();
	puts("timers on CPU time");
	return 0;
}
