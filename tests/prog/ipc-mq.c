/* SPDX-License-Identifier: BSD-2-Clause */
/* mq_send, mq_receive and the timed ones: order, full, signals, time. */
#include "check.h"

#include <fcntl.h>
#include <mqueue.h>
#include <unistd.h>

enum { MANY = 50, EACH = 100 };

static mqd_t queue;
static volatile int sum;

static void *receives(void *arg)
{
	unsigned int prio;
	char buf[16];

	for (int i = 0; i < EACH; i++) {
		CHECK_EQ(mq_receive(queue, buf, sizeof buf, &prio), 3);
		__atomic_add_fetch(&sum, prio, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *sends(void *arg)
{
	for (int i = 0; i < EACH; i++)
		CHECK_EQ(mq_send(queue, "abc", 3, 2), 0);
	return arg;
}

static void many(void)
{
	pthread_t t[2 * MANY];

	for (int i = 0; i < 2 * MANY; i++)
		t[i] = check_spawn(i < MANY ? receives : sends, NULL);
	for (int i = 0; i < 2 * MANY; i++)
		check_join(t[i]);
	CHECK_EQ(sum, 2 * MANY * EACH);
}

static void *times(void *arg)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 40);
	long long start = check_now(CLOCK_MONOTONIC);
	struct mq_attr block = { 0 }, nonblock = { .mq_flags = O_NONBLOCK };
	char buf[16];

	CHECK_ERRNO(mq_timedreceive(queue, buf, sizeof buf, NULL, &ts),
		    ETIMEDOUT);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 39 * CHECK_MS);
	CHECK_ERRNO(mq_timedreceive(queue, buf, sizeof buf, NULL, &ts),
		    ETIMEDOUT);
	CHECK_EQ(mq_timedsend(queue, "a", 1, 1, &ts), 0); /* there is room */
	CHECK_EQ(mq_timedsend(queue, "b", 1, 3, &ts), 0);
	CHECK_EQ(mq_timedsend(queue, "c", 1, 2, &ts), 0);
	CHECK_EQ(mq_timedsend(queue, "d", 1, 0, &ts), 0);
	ts = check_in_ms(CLOCK_REALTIME, 20);
	CHECK_ERRNO(mq_timedsend(queue, "e", 1, 0, &ts), ETIMEDOUT);
	for (const char *p = "bcad"; *p; p++) {
		CHECK_EQ(mq_receive(queue, buf, sizeof buf, NULL), 1);
		CHECK_EQ(buf[0], *p);
	}
	CHECK_EQ(mq_setattr(queue, &nonblock, NULL), 0);
	CHECK_ERRNO(mq_receive(queue, buf, sizeof buf, NULL), EAGAIN);
	CHECK_ERRNO(mq_timedreceive(queue, buf, sizeof buf, NULL, &ts),
		    EAGAIN);
	CHECK_EQ(mq_setattr(queue, &block, NULL), 0);
	ts.tv_nsec = -1;
	CHECK_ERRNO(mq_timedreceive(queue, buf, sizeof buf, NULL, &ts),
		    EINVAL);
	CHECK_ERRNO(mq_receive(queue, buf, 1, NULL), EMSGSIZE);
	CHECK_ERRNO(mq_send(queue, buf, 100, 0), EMSGSIZE);
	CHECK_ERRNO(mq_receive(-1, buf, sizeof buf, NULL), EBADF);
	return arg;
}

static void *interrupted(void *arg)
{
	struct timespec ts = check_in_ms(CLOCK_REALTIME, 5000);
	char buf[16];

	CHECK_ERRNO(mq_receive(queue, buf, sizeof buf, NULL), EINTR);
	check_step(arg);
	CHECK_EQ(mq_timedreceive(queue, buf, sizeof buf, NULL, &ts), 1);
	return NULL;
}

static void signals(void)
{
	pthread_t t;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, 0);
	check_handle(SIGUSR2, check_ignore, SA_RESTART);
	t = check_spawn(interrupted, &steps);
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_msleep(20);
	CHECK_OK(pthread_kill(t, SIGUSR2)); /* restarts, deadline or not */
	check_msleep(20);
	CHECK_EQ(mq_send(queue, "x", 1, 0), 0);
	check_join(t);
}

int main(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	char name[32];

	snprintf(name, sizeof name, "/ipc-mq-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (queue < 0)
		return 77;
	CHECK_EQ(mq_unlink(name), 0);
	many();
	times(NULL);
	check_join(check_spawn(times, NULL));
	signals();
	CHECK_EQ(mq_close(queue), 0);
	puts("messages passed");
	return 0;
}
