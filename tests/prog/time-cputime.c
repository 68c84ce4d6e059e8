/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU time of threads: each has its own clock, whoever else runs. */
#include "check.h"

#include <stdatomic.h>
#include <sys/resource.h>

#define THREADS 4
#define BURN (40 * CHECK_MS)

static atomic_int stop;

static long long mine(void)
{
	return check_now(CLOCK_THREAD_CPUTIME_ID);
}

static void burn(long long ns)
{
	long long end = mine() + ns;

	while (mine() < end)
		;
}

/* Burns, and parks in between: only the first counts. */
static void *burn_and_sleep(void *arg)
{
	long long begin = mine(), used;
	clockid_t clock;

	for (int i = 0; i < 10; i++) {
		burn(BURN / 10);
		check_msleep(2);
	}
	used = mine() - begin;
	CHECK(used >= BURN && used < 2 * BURN);
	CHECK_OK(pthread_getcpuclockid(pthread_self(), &clock));
	used = check_now(clock) - begin;
	CHECK(used >= BURN && used < 2 * BURN);
	return arg;
}

static void *only_sleep(void *arg)
{
	long long begin = mine();

	check_msleep(100);
	CHECK(mine() - begin < 20 * CHECK_MS);
	return arg;
}

static void *burn_on(void *arg)
{
	while (!atomic_load(&stop))
		;
	return arg;
}

static void *wait_on(void *arg)
{
	while (!atomic_load(&stop))
		check_msleep(5);
	return arg;
}

/* Another's clock. */
static void check_other(void)
{
	pthread_t busy = check_spawn(burn_on, NULL);
	pthread_t idle = check_spawn(wait_on, NULL);
	struct timespec more = check_timespec(20 * CHECK_MS), res;
	clockid_t clock, other;
	long long begin;

	CHECK_OK(pthread_getcpuclockid(busy, &clock));
	CHECK_OK(pthread_getcpuclockid(idle, &other));
	CHECK(clock != other);
	CHECK_EQ(clock_getres(clock, &res), 0);
	CHECK(res.tv_sec == 0 && res.tv_nsec > 0);
	begin = check_now(clock);
	while (check_now(clock) < begin + 30 * CHECK_MS)
		check_msleep(1);
	CHECK_EQ(clock_nanosleep(clock, 0, &more, NULL), 0);
	CHECK(check_now(clock) >= begin + 50 * CHECK_MS);
	CHECK(check_now(other) < 30 * CHECK_MS);
	CHECK_RC(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &more, NULL),
		 EINVAL);
	atomic_store(&stop, 1);
	check_join(busy);
	check_join(idle);
}

static void check_usage(void)
{
	struct rusage a, b;
	long long used;

	CHECK_EQ(getrusage(RUSAGE_THREAD, &a), 0);
	burn(20 * CHECK_MS);
	CHECK_EQ(getrusage(RUSAGE_THREAD, &b), 0);
	used = (b.ru_utime.tv_sec - a.ru_utime.tv_sec +
		b.ru_stime.tv_sec - a.ru_stime.tv_sec) * 1000000LL +
	       b.ru_utime.tv_usec - a.ru_utime.tv_usec +
	       b.ru_stime.tv_usec - a.ru_stime.tv_usec;
	CHECK(used > 5000 && used < 60000);
}

int main(void)
{
	pthread_t t[2 * THREADS];
	int i;

	for (i = 0; i < 2 * THREADS; i++)
		t[i] = check_spawn(i & 1 ? burn_and_sleep : only_sleep, NULL);
	burn_and_sleep(NULL);
	for (i = 0; i < 2 * THREADS; i++)
		check_join(t[i]);
	check_other();
	check_usage();
	puts("each thread has its CPU time");
	return 0;
}
