/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelled in read: the handlers run, innermost first; nothing is eaten. */
#include "check.h"

static int fds[2];
static char order[8];
static int steps;

static void step(void *arg)
{
	order[steps++] = *(char *)arg;
}

static void *reads(void *arg)
{
	char c;

	pthread_cleanup_push(step, "a");
	pthread_cleanup_push(step, "b");
	pthread_cleanup_push(step, "c");
	pthread_cleanup_pop(0);
	if (read(fds[0], &c, 1) == 1)
		write(1, &c, 1);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void check_cancelled(pthread_t t)
{
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(strcmp(order, "ba"), 0);
	memset(order, 0, sizeof(order));
	steps = 0;
}

/* Already pending when it comes to the call, which would not block. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *reads_late(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&gate)); /* no cancellation point */
	CHECK_OK(pthread_mutex_unlock(&gate));
	return reads(arg);
}

int main(void)
{
	pthread_t t;
	char c = 'x';

	CHECK_EQ(pipe(fds), 0);

	t = check_spawn(reads, NULL);
	check_msleep(20);
	CHECK_OK(pthread_cancel(t));
	check_cancelled(t);

	t = check_spawn(reads, NULL);
	CHECK_OK(pthread_cancel(t)); /* perhaps before it has begun */
	check_cancelled(t);

	CHECK_OK(pthread_mutex_lock(&gate));
	t = check_spawn(reads_late, NULL);
	CHECK_OK(pthread_cancel(t));
	CHECK_OK(pthread_cancel(t)); /* once more changes nothing */
	check_write(fds[1], &c, 1);
	check_msleep(20);
	CHECK_RC(pthread_tryjoin_np(t, NULL), EBUSY);
	CHECK_OK(pthread_mutex_unlock(&gate));
	check_cancelled(t);

	/* The byte is still there. */
	c = 0;
	check_read(fds[0], &c, 1);
	CHECK_EQ(c, 'x');
	puts("ok");
	return 0;
}
