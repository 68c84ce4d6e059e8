/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_cond_timedwait on both clocks, and pthread_cond_clockwait. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t by_default = PTHREAD_COND_INITIALIZER, monotonic;
static int signalled;

enum way { DEFAULT, MONOTONIC, CLOCK_REAL, CLOCK_MONO };

static clockid_t clock_of(enum way way)
{
	return way == DEFAULT || way == CLOCK_REAL ? CLOCK_REALTIME :
		CLOCK_MONOTONIC;
}

static pthread_cond_t *cond_of(enum way way)
{
	/* clockwait goes by its argument, whatever the attribute was. */
	return way == DEFAULT || way == CLOCK_MONO ? &by_default : &monotonic;
}

static int wait_until(enum way way, const struct timespec *ts)
{
	if (way == DEFAULT || way == MONOTONIC)
		return pthread_cond_timedwait(cond_of(way), &m, ts);
	return pthread_cond_clockwait(cond_of(way), &m, clock_of(way), ts);
}

static void *times_out(void *arg)
{
	enum way way = (enum way)(long)arg;
	long long end = check_now(clock_of(way)) + 50 * CHECK_MS;
	struct timespec ts = check_timespec(end);
	int rc;

	CHECK_OK(pthread_mutex_lock(&m));
	while ((rc = wait_until(way, &ts)) == 0)
		;
	CHECK_EQ(rc, ETIMEDOUT);
	CHECK(check_now(clock_of(way)) >= end);
	/* It has the mutex, after a timeout too. */
	CHECK_RC(pthread_mutex_trylock(&m), EBUSY);
	ts = check_in_ms(clock_of(way), -3000);
	CHECK_RC(wait_until(way, &ts), ETIMEDOUT);
	CHECK_RC(pthread_mutex_trylock(&m), EBUSY);
	ts.tv_nsec = 1000000000;
	CHECK_RC(wait_until(way, &ts), EINVAL);
	ts.tv_nsec = -1;
	CHECK_RC(wait_until(way, &ts), EINVAL);
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

static void *is_signalled(void *arg)
{
	enum way way = (enum way)(long)arg;
	struct timespec ts = check_in_ms(clock_of(way), 30000);

	CHECK_OK(pthread_mutex_lock(&m));
	while (!signalled)
		CHECK_OK(wait_until(way, &ts));
	CHECK_OK(pthread_mutex_unlock(&m));
	return NULL;
}

static void init_monotonic(void)
{
	pthread_condattr_t a;
	clockid_t clock;

	CHECK_OK(pthread_condattr_init(&a));
	CHECK_OK(pthread_condattr_getclock(&a, &clock));
	CHECK_EQ(clock, CLOCK_REALTIME);
	CHECK_RC(pthread_condattr_setclock(&a, CLOCK_PROCESS_CPUTIME_ID),
		 EINVAL);
	CHECK_OK(pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
	CHECK_OK(pthread_condattr_getclock(&a, &clock));
	CHECK_EQ(clock, CLOCK_MONOTONIC);
	CHECK_OK(pthread_cond_init(&monotonic, &a));
	CHECK_OK(pthread_condattr_destroy(&a));
}

int main(void)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 10);
	pthread_t t[20];

	init_monotonic();
	for (long i = 0; i < 20; i++)
		t[i] = check_spawn(times_out, (void *)(i % 4));
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	for (long i = 0; i < 20; i++)
		t[i] = check_spawn(is_signalled, (void *)(i % 4));
	check_msleep(30);
	CHECK_OK(pthread_mutex_lock(&m));
	signalled = 1;
	CHECK_OK(pthread_cond_broadcast(&by_default));
	CHECK_OK(pthread_cond_broadcast(&monotonic));
	CHECK_OK(pthread_mutex_unlock(&m));
	for (int i = 0; i < 20; i++)
		check_join(t[i]);

	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_RC(pthread_cond_clockwait(&by_default, &m,
					CLOCK_PROCESS_CPUTIME_ID, &ts),
		 EINVAL);
	CHECK_OK(pthread_mutex_unlock(&m));
	CHECK_OK(pthread_cond_destroy(&monotonic));
	puts("timed waits done");
	return 0;
}
