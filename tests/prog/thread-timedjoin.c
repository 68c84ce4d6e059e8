/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_tryjoin_np, pthread_timedjoin_np and pthread_clockjoin_np. */
#include "check.h"

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&hold));
	CHECK_OK(pthread_mutex_unlock(&hold));
	return arg;
}

static void *sleeps(void *arg)
{
	check_msleep(100);
	return arg;
}

/* Each form on a thread that does not end. */
static void check_timeouts(pthread_t t)
{
	struct timespec ts;
	void *value = &ts;
	long long start;

	CHECK_RC(pthread_tryjoin_np(t, &value), EBUSY);

	start = check_now(CLOCK_REALTIME);
	ts = check_in_ms(CLOCK_REALTIME, 50);
	CHECK_RC(pthread_timedjoin_np(t, &value, &ts), ETIMEDOUT);
	CHECK(check_now(CLOCK_REALTIME) - start >= 50 * CHECK_MS);

	start = check_now(CLOCK_MONOTONIC);
	ts = check_in_ms(CLOCK_MONOTONIC, 50);
	CHECK_RC(pthread_clockjoin_np(t, &value, CLOCK_MONOTONIC, &ts),
		 ETIMEDOUT);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 50 * CHECK_MS);

	ts = check_in_ms(CLOCK_REALTIME, -1000);
	CHECK_RC(pthread_timedjoin_np(t, &value, &ts), ETIMEDOUT);
	CHECK(value == &ts);

	/* Only these two clocks are allowed. */
	CHECK_RC(pthread_clockjoin_np(t, NULL, CLOCK_PROCESS_CPUTIME_ID, &ts),
		 EINVAL);
}

int main(void)
{
	struct timespec ts;
	void *value;
	pthread_t t;
	int rc;

	/* A join that timed out leaves the thread joinable. */
	CHECK_OK(pthread_mutex_lock(&hold));
	t = check_spawn(waits, &hold);
	check_timeouts(t);
	CHECK_OK(pthread_mutex_unlock(&hold));
	CHECK(check_join(t) == &hold);

	t = check_spawn(sleeps, &hold);
	while ((rc = pthread_tryjoin_np(t, &value)) == EBUSY)
		sched_yield();
	CHECK_EQ(rc, 0);
	CHECK(value == &hold);

	t = check_spawn(sleeps, &t);
	ts = check_in_ms(CLOCK_REALTIME, 30000);
	CHECK_OK(pthread_timedjoin_np(t, &value, &ts));
	CHECK(value == &t);

	t = check_spawn(sleeps, &ts);
	ts = check_in_ms(CLOCK_MONOTONIC, 30000);
	CHECK_OK(pthread_clockjoin_np(t, &value, CLOCK_MONOTONIC, &ts));
	CHECK(value == &ts);

	/* No time limit at all. */
	t = check_spawn(sleeps, NULL);
	CHECK_OK(pthread_timedjoin_np(t, &value, NULL));
	CHECK(value == NULL);
	puts("timed joins done");
	return 0;
}
