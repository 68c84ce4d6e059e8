/* SPDX-License-Identifier: BSD-2-Clause */
/* sleep, usleep, nanosleep, clock_nanosleep: never early, right errors. */
#include "check.h"

static long long since(clockid_t clock, long long start)
{
	return check_now(clock) - start;
}

static void *check_relative(void *arg)
{
	struct timespec ts = { 0, 25 * CHECK_MS }, left = { 7, 7 };
	long long start = check_now(CLOCK_MONOTONIC);

	CHECK_EQ(usleep(20000), 0);
	CHECK(since(CLOCK_MONOTONIC, start) >= 20 * CHECK_MS);
	start = check_now(CLOCK_MONOTONIC);
	CHECK_EQ(nanosleep(&ts, &left), 0);
	CHECK(since(CLOCK_MONOTONIC, start) >= 25 * CHECK_MS);
	/* "The rmtp argument is updated if interrupted", else left alone. */
	CHECK_EQ(left.tv_sec, 7);
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	CHECK_EQ(nanosleep(&ts, &ts), 0);
	CHECK_EQ(usleep(0), 0);
	CHECK_EQ(usleep(1), 0);
	CHECK_EQ(sleep(0), 0);
	ts = (struct timespec){ 0, 1 };
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	ts = (struct timespec){ 0, 0 };
	CHECK_EQ(nanosleep(&ts, NULL), 0);
	ts = (struct timespec){ 0, 1000000000 };
	CHECK_ERRNO(nanosleep(&ts, NULL), EINVAL);
	ts = (struct timespec){ 0, -1 };
	CHECK_ERRNO(nanosleep(&ts, NULL), EINVAL);
	ts = (struct timespec){ -1, 0 };
	CHECK_ERRNO(nanosleep(&ts, NULL), EINVAL);
	return arg;
}

static void check_clock(clockid_t clock)
{
	struct timespec ts = { 0, 20 * CHECK_MS };
	long long start = check_now(clock), end;

	CHECK_OK(clock_nanosleep(clock, 0, &ts, NULL));
	CHECK(since(clock, start) >= 20 * CHECK_MS);
	end = check_now(clock) + 20 * CHECK_MS;
	ts = check_timespec(end);
	CHECK_OK(clock_nanosleep(clock, TIMER_ABSTIME, &ts, NULL));
	CHECK(check_now(clock) >= end);
	/* A time gone by returns at once. */
	ts = check_timespec(end - 1000 * CHECK_MS);
	CHECK_OK(clock_nanosleep(clock, TIMER_ABSTIME, &ts, NULL));
	ts = (struct timespec){ 0, 1000000000 };
	CHECK_RC(clock_nanosleep(clock, 0, &ts, NULL), EINVAL);
	CHECK_RC(clock_nanosleep(clock, TIMER_ABSTIME, &ts, NULL), EINVAL);
	ts = (struct timespec){ -1, 0 };
	CHECK_RC(clock_nanosleep(clock, 0, &ts, NULL), EINVAL);
	/* It returns the error and leaves errno alone. */
	errno = 55;
	if (clock_nanosleep(clock, 0, &ts, NULL) != EINVAL || errno != 55)
		check_fail("errno is %d", errno);
}

static void *check_clocks(void *arg)
{
	struct timespec ts = { 0, 1000 };

	check_clock(CLOCK_REALTIME);
	check_clock(CLOCK_MONOTONIC);
	check_clock(CLOCK_BOOTTIME);
	/* POSIX: "[EINVAL] clock_id refers to the CPU-time clock of the
	 * calling thread"; "[ENOTSUP]" for what cannot be slept on. */
	CHECK_RC(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL),
		 EINVAL);
	CHECK_RC(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &ts, NULL), ENOTSUP);
	CHECK_RC(clock_nanosleep(CLOCK_MONOTONIC_COARSE, 0, &ts, NULL),
		 ENOTSUP);
	CHECK_RC(clock_nanosleep(9999, 0, &ts, NULL), EINVAL);
	return arg;
}

static void *spins(void *arg)
{
	while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED))
		;
	return NULL;
}

/* The process's CPU time goes on by what another thread uses. */
static void *check_cpu_clock(void *arg)
{
	struct timespec ts = { 0, 20 * CHECK_MS };
	long long start = check_now(CLOCK_PROCESS_CPUTIME_ID);
	int stop = 0;
	pthread_t t = check_spawn(spins, &stop);

	CHECK_OK(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, NULL));
	CHECK(since(CLOCK_PROCESS_CPUTIME_ID, start) >= 20 * CHECK_MS);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	check_join(t);
	return arg;
}

int main(void)
{
	static void *(*const fn[])(void *) = {
		check_relative, check_clocks, check_cpu_clock,
	};
	pthread_t t[12];

	for (int i = 0; i < 12; i++)
		t[i] = check_spawn(fn[i < 11 ? i % 2 : 2], NULL);
	for (int i = 0; i < 12; i++)
		check_join(t[i]);
	check_relative(NULL);
	check_clocks(NULL);
	puts("never early");
	return 0;
}
