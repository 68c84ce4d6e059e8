/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers: alarm, setitimer, timer_create with each way to be told. */
#include "check.h"

#include <mqueue.h>
#include <stdatomic.h>
#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static atomic_int hits, calls, wrong;
static pthread_t expected;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void handler(int sig, siginfo_t *si, void *context)
{
	(void)context;
	CHECK_EQ(si->si_signo, sig);
	if (sig == SIGRTMIN) {
		CHECK_EQ(si->si_code, SI_TIMER);
		CHECK_EQ(si->si_value.sival_int, 4711);
		if (!pthread_equal(pthread_self(), expected))
			atomic_fetch_add(&wrong, 1);
	}
	atomic_fetch_add(&hits, 1);
}

static void handle(int sig)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO };

	act.sa_sigaction = handler;
	CHECK_EQ(sigaction(sig, &act, NULL), 0);
}

static void burn_until(int n)
{
	while (atomic_load(&hits) < n)
		;
	atomic_store(&hits, 0);
}

static void check_alarm(void)
{
	handle(SIGALRM);
	CHECK_EQ(alarm(1), 0);
	CHECK(sleep(30) > 0);
	CHECK_EQ(atomic_load(&hits), 1);
	CHECK_EQ(alarm(100), 0);
	CHECK(alarm(0) > 90);
	CHECK_EQ(ualarm(1000, 0), 0);
	CHECK_ERRNO(pause(), EINTR);
	CHECK_EQ(atomic_exchange(&hits, 0), 2);
}

static void check_itimers(void)
{
	static const int which[3] = { ITIMER_REAL, ITIMER_VIRTUAL,
				      ITIMER_PROF };
	static const int sig[3] = { SIGALRM, SIGVTALRM, SIGPROF };
	struct itimerval ms = { { 0, 5000 }, { 0, 5000 } }, off = { 0 }, was;

	for (int i = 0; i < 3; i++) {
		handle(sig[i]);
		CHECK_EQ(setitimer(which[i], &ms, NULL), 0);
		burn_until(5);
		CHECK_EQ(setitimer(which[i], &off, &was), 0);
		CHECK_EQ(was.it_interval.tv_usec, 5000);
		check_msleep(20); /* none is on its way any more */
		atomic_store(&hits, 0);
	}
}

static void arm(timer_t t, long ns, long again)
{
	struct itimerspec its = { { 0, again }, { 0, ns } };

	CHECK_EQ(timer_settime(t, 0, &its, NULL), 0);
}

static void check_signal(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 4711 };
	timer_t t;

	expected = pthread_self(); /* main, or none that is checked */
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
	arm(t, 2 * CHECK_MS, 2 * CHECK_MS);
	while (atomic_load(&hits) < 5)
		pause();
	CHECK(timer_getoverrun(t) >= 0);
	CHECK_EQ(timer_delete(t), 0);
	check_msleep(10);
	atomic_store(&hits, 0);
}

/* While it is blocked, one signal of a timer is pending, and counts the rest. */
static void check_overrun(struct sigevent *ev)
{
	struct timespec now = { 0, 0 };
	siginfo_t si;
	sigset_t set;
	timer_t t;
	int n;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, ev, &t), 0);
	CHECK_EQ(timer_getoverrun(t), 0);
	arm(t, 2 * CHECK_MS, 2 * CHECK_MS);
	check_msleep(50);
	CHECK_EQ(sigtimedwait(&set, &si, &now), SIGRTMIN);
	CHECK_EQ(si.si_code, SI_TIMER);
	CHECK_EQ(si.si_value.sival_int, 4711);
	n = si.si_overrun;
	if (n < 10 || n > 500)
		check_fail("%d overruns in 50 ms", n);
	CHECK_EQ(timer_getoverrun(t), n);
	CHECK_EQ(timer_delete(t), 0);
	check_msleep(10);
	if (sigtimedwait(&set, &si, &now) > 0) /* kernels differ */
		CHECK_ERRNO(sigtimedwait(&set, &si, &now), EAGAIN);
	CHECK_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
}

/* For one thread, by its number, that sleeps or computes. */
static void *timed(void *arg)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 4711 };
	timer_t t;

	expected = pthread_self();
	ev.sigev_notify_thread_id = gettid();
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
	arm(t, CHECK_MS, 0);
	CHECK(usleep(20000000) < 0);
	CHECK_EQ(atomic_load(&hits), 1);
	arm(t, CHECK_MS, CHECK_MS);
	burn_until(6);
	CHECK_EQ(timer_delete(t), 0);
	check_msleep(10);
	atomic_store(&hits, 0);
	CHECK_EQ(atomic_load(&wrong), 0);
	check_overrun(&ev);
	ev.sigev_notify_thread_id = 1;
	CHECK_ERRNO(timer_create(CLOCK_MONOTONIC, &ev, &t), EINVAL);
	return arg;
}

/* Calls anything a thread may call. */
static void notified(union sigval v)
{
	CHECK_EQ(v.sival_int, 12);
	free(malloc(1000));
	check_msleep(1);
	CHECK_OK(pthread_mutex_lock(&lock));
	atomic_fetch_add(&calls, 1);
	CHECK_OK(pthread_cond_broadcast(&cond));
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void await_calls(int n)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	while (atomic_load(&calls) < n)
		CHECK_OK(pthread_cond_wait(&cond, &lock));
	atomic_store(&calls, 0);
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void check_thread(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = notified,
			       .sigev_value.sival_int = 12 };
	timer_t t;

	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
	arm(t, 3 * CHECK_MS, 3 * CHECK_MS);
	await_calls(5);
	CHECK_EQ(timer_delete(t), 0);
	check_msleep(20);
	atomic_store(&calls, 0);
}

static void check_queue(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = notified,
			       .sigev_value.sival_int = 12 };
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	char name[64], buf[8];
	mqd_t q;

	snprintf(name, sizeof name, "/check-%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (q < 0)
		return; /* there may be none here */
	CHECK_EQ(mq_unlink(name), 0);
	CHECK_EQ(mq_notify(q, &ev), 0);
	CHECK_EQ(mq_send(q, "x", 1, 0), 0);
	await_calls(1);
	CHECK_EQ(mq_receive(q, buf, sizeof buf, NULL), 1);
	ev = (struct sigevent){ .sigev_notify = SIGEV_SIGNAL,
				.sigev_signo = SIGUSR1 };
	handle(SIGUSR1);
	CHECK_EQ(mq_notify(q, &ev), 0);
	CHECK_EQ(mq_send(q, "x", 1, 0), 0);
	burn_until(1);
	CHECK_EQ(mq_close(q), 0);
}

static void *idle(void *arg)
{
	check_msleep(1);
	return arg;
}

int main(void)
{
	pthread_t t;

	check_join(check_spawn(idle, NULL));
	check_alarm();
	check_itimers();
	handle(SIGRTMIN);
	check_signal();
	check_thread();
	check_queue();
	timed(NULL);
	t = check_spawn(timed, NULL);
	check_join(t);
	puts("all timers have fired");
	return 0;
}
