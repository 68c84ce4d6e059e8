/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelled in pthread_join: the thread can be joined by another. */
#include "check.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_t target;

static void *ends_later(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_OK(pthread_mutex_unlock(&m));
	return arg;
}

static void *joins(void *arg)
{
	return check_join(arg ? *(pthread_t *)arg : pthread_self());
}

static void *joins_timed(void *arg)
{
	struct timespec later = check_in_ms(CLOCK_REALTIME, 60000);
	void *value;

	CHECK_OK(pthread_timedjoin_np(*(pthread_t *)arg, &value, &later));
	return value;
}

int main(void)
{
	pthread_t a;

	CHECK_OK(pthread_mutex_lock(&m));
	target = check_spawn(ends_later, &target);
	for (int i = 0; i < 4; i++) {
		a = check_spawn(i & 1 ? joins_timed : joins, &target);
		if (i < 2)
			check_msleep(10);
		CHECK_OK(pthread_cancel(a));
		CHECK(check_join(a) == PTHREAD_CANCELED);
	}
	CHECK_OK(pthread_mutex_unlock(&m));
	CHECK(check_join(target) == &target);
	puts("ok");
	return 0;
}
