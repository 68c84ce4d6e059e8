/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads detached by attribute, by themselves and by others all run. */
#include "check.h"

#define ROUNDS 1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int done;

static void count_one(void)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	done++;
	CHECK_OK(pthread_cond_signal(&changed));
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void wait_for(int want)
{
	CHECK_OK(pthread_mutex_lock(&lock));
	while (done < want)
		CHECK_OK(pthread_cond_wait(&changed, &lock));
	CHECK_OK(pthread_mutex_unlock(&lock));
}

static void *plain(void *arg)
{
	count_one();
	return arg;
}

static void *detaches_self(void *arg)
{
	pthread_attr_t attr;
	int state;

	CHECK_OK(pthread_detach(pthread_self()));
	CHECK_OK(pthread_getattr_np(pthread_self(), &attr));
	CHECK_OK(pthread_attr_getdetachstate(&attr, &state));
	CHECK_EQ(state, PTHREAD_CREATE_DETACHED);
	CHECK_OK(pthread_attr_destroy(&attr));
	count_one();
	return arg;
}

/* Detached while it still runs, and when it is likely over. */
static void detach_from_outside(int round)
{
	pthread_t t = check_spawn(plain, NULL);

	if (round % 100 == 0)
		check_msleep(1);
	CHECK_OK(pthread_detach(t));
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t t;

	CHECK_OK(pthread_attr_init(&attr));
	CHECK_OK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	CHECK_OK(pthread_attr_setstacksize(&attr,
					   check_stack_size(64 * 1024)));
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_OK(pthread_create(&t, &attr, plain, NULL));
		t = check_spawn(detaches_self, NULL);
		detach_from_outside(i);
		/* At most a handful alive: they give back what they took. */
		wait_for(3 * i);
	}
	wait_for(3 * ROUNDS);
	CHECK_OK(pthread_attr_destroy(&attr));
	printf("%d detached threads ran\n", done);
	return 0;
}
