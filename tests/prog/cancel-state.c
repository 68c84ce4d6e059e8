/* SPDX-License-Identifier: BSD-2-Clause */
/* Disabled and enabled, deferred and asynchronous; what is pending is kept. */
#include "check.h"

static int reached;

static void *old_values(void *arg)
{
	int old;

	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old));
	CHECK_EQ(old, PTHREAD_CANCEL_ENABLE);
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old));
	CHECK_EQ(old, PTHREAD_CANCEL_DISABLE);
	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old));
	CHECK_EQ(old, PTHREAD_CANCEL_DEFERRED);
	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old));
	CHECK_EQ(old, PTHREAD_CANCEL_ASYNCHRONOUS);
	CHECK_RC(pthread_setcancelstate(7, &old), EINVAL);
	CHECK_RC(pthread_setcanceltype(7, &old), EINVAL);
	return arg;
}

/* Cancelled by itself, then at a call that would not block. */
static void *disabled(void *arg)
{
	int fds[2];
	char c = 0;

	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	CHECK_OK(pthread_cancel(pthread_self()));
	pthread_testcancel();
	CHECK_EQ(pipe(fds), 0);
	check_write(fds[1], &c, 1);
	check_read(fds[0], &c, 1);
	usleep(1000);
	CHECK_EQ(close(fds[0]), 0);
	reached = 1;
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
	reached = 2; /* enabling is not a point */
	close(fds[1]);
	reached = 3;
	return arg;
}

static void *tests_late(void *arg)
{
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	CHECK_OK(pthread_cancel(pthread_self()));
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL));
	reached = 2;
	pthread_testcancel();
	reached = 3;
	return arg;
}

static void *becomes_asynchronous(void *arg)
{
	CHECK_OK(pthread_cancel(pthread_self()));
	reached = 2;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	reached = 3;
	return arg;
}

static void *enables_asynchronous(void *arg)
{
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL));
	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	CHECK_OK(pthread_cancel(pthread_self()));
	reached = 2;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	reached = 3;
	return arg;
}

static void *asynchronous_itself(void *arg)
{
	CHECK_OK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	reached = 2;
	pthread_cancel(pthread_self());
	reached = 3;
	return arg;
}

/* What waits and is no point: the cancellation waits for the next one. */
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int inside;

static void slow_init(void)
{
	inside = 1;
	check_msleep(30);
}

static void *inits(void *arg)
{
	pthread_once(&once, slow_init);
	return arg;
}

static void *no_points(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&mutex));
	CHECK_OK(pthread_mutex_unlock(&mutex));
	CHECK_OK(pthread_rwlock_wrlock(&rwlock));
	CHECK_OK(pthread_rwlock_unlock(&rwlock));
	CHECK_OK(pthread_once(&once, slow_init));
	pthread_barrier_wait(&barrier);
	reached = 2;
	pthread_testcancel();
	reached = 3;
	return arg;
}

static void waits_that_are_no_points(void)
{
	pthread_t t, u;

	CHECK_OK(pthread_barrier_init(&barrier, NULL, 2));
	CHECK_OK(pthread_mutex_lock(&mutex));
	CHECK_OK(pthread_rwlock_rdlock(&rwlock));
	t = check_spawn(no_points, NULL);
	check_msleep(10);
	CHECK_OK(pthread_cancel(t));
	check_msleep(10);
	CHECK_OK(pthread_mutex_unlock(&mutex));
	check_msleep(10);
	u = check_spawn(inits, NULL);
	while (!__atomic_load_n(&inside, __ATOMIC_ACQUIRE))
		usleep(100);
	CHECK_OK(pthread_rwlock_unlock(&rwlock));
	check_join(u);
	check_msleep(10);
	CHECK_RC(pthread_tryjoin_np(t, NULL), EBUSY);
	pthread_barrier_wait(&barrier);
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(reached, 2);
}

static void ends_cancelled(void *(*fn)(void *))
{
	reached = 0;
	CHECK(check_join(check_spawn(fn, NULL)) == PTHREAD_CANCELED);
	CHECK_EQ(reached, 2);
}

/* One million changes of state are quick: no system call. */
static void flips(void)
{
	int old;

	for (int i = 0; i < 1000000; i++) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
		pthread_setcancelstate(old, NULL);
		pthread_testcancel();
	}
}

int main(void)
{
	CHECK(check_join(check_spawn(old_values, &reached)) == &reached);
	ends_cancelled(disabled);
	ends_cancelled(tests_late);
	ends_cancelled(becomes_asynchronous);
	ends_cancelled(enables_asynchronous);
	ends_cancelled(asynchronous_itself);
	waits_that_are_no_points();
	flips();
	puts("ok");
	return 0;
}
