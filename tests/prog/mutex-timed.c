/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_mutex_timedlock and clocklock: both clocks, success and not. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

static int lock_until(clockid_t clock, const struct timespec *ts)
{
	return clock == CLOCK_REALTIME ? pthread_mutex_timedlock(&m, ts) :
		pthread_mutex_clocklock(&m, clock, ts);
}

static void *times_out(void *arg)
{
	clockid_t clock = (clockid_t)(long)arg;
	long long start = check_now(clock);
	struct timespec ts = check_in_ms(clock, 50);

	CHECK_RC(lock_until(clock, &ts), ETIMEDOUT);
	/* Never before its time. */
	CHECK(check_now(clock) - start >= 50 * CHECK_MS);
	ts = check_in_ms(clock, -5000);
	CHECK_RC(lock_until(clock, &ts), ETIMEDOUT);
	/* POSIX: "[EINVAL] ... nanoseconds field value less than zero or
	 * greater than or equal to 1000 million", if it would block. */
	ts.tv_nsec = 1000000000;
	CHECK_RC(lock_until(clock, &ts), EINVAL);
	ts.tv_nsec = -1;
	CHECK_RC(lock_until(clock, &ts), EINVAL);
	ts = (struct timespec){ -1, 0 };
	CHECK_RC(lock_until(clock, &ts), ETIMEDOUT);
	return NULL;
}

static void *gets_it(void *arg)
{
	clockid_t clock = (clockid_t)(long)arg;
	struct timespec ts = check_in_ms(clock, 30000);

	CHECK_OK(lock_until(clock, &ts));
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

static void run(clockid_t clock)
{
	void *arg = (void *)(long)clock;
	struct timespec ts = check_in_ms(clock, -5000);
	pthread_t t[10];

	/* A free mutex is taken whatever the time says. */
	CHECK_OK(lock_until(clock, &ts));
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(times_out, arg);
	for (int i = 0; i < 10; i++)
		check_join(t[i]);
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(gets_it, arg);
	check_msleep(30);
	CHECK_OK(pthread_mutex_unlock(&m));
	for (int i = 0; i < 10; i++)
		check_join(t[i]);
}

int main(void)
{
	struct timespec ts = check_in_ms(CLOCK_MONOTONIC, 10);

	run(CLOCK_REALTIME);
	run(CLOCK_MONOTONIC);
	CHECK_RC(pthread_mutex_clocklock(&m, CLOCK_PROCESS_CPUTIME_ID, &ts),
		 EINVAL);
	puts("locked in time");
	return 0;
}
