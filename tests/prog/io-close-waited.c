/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An epoll set or a message queue is closed, or another file put in its place,
 * while a thread waits for it: the call goes on with what it began with.
 */
#include "check.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int entered;

static void *waits_for_event(void *arg)
{
	struct epoll_event ev;

	check_step(&entered);
	CHECK_EQ(epoll_wait((int)(long)arg, &ev, 1, 30000), 1);
	CHECK_EQ(ev.data.u32, 7);
	return NULL;
}

static void *waits_for_message(void *arg)
{
	char buf[16];

	check_step(&entered);
	CHECK_EQ(mq_receive((mqd_t)(long)arg, buf, sizeof buf, NULL), 2);
	return NULL;
}

static void *waits_for_room(void *arg)
{
	check_step(&entered);
	CHECK_EQ(mq_send((mqd_t)(long)arg, "two", 3, 0), 0);
	return NULL;
}

static pthread_t in_call(void *(*fn)(void *), int fd)
{
	int before = __atomic_load_n(&entered, __ATOMIC_SEQ_CST);
	pthread_t t = check_spawn(fn, (void *)(long)fd);

	while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) == before)
		check_msleep(1);
	check_msleep(50);
	return t;
}

static void take_away(int fd, int by_dup)
{
	int null = open("/dev/null", O_RDONLY);

	CHECK(null >= 0);
	if (by_dup)
		CHECK_EQ(dup2(null, fd), fd);
	else
		CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(null), 0);
	check_msleep(50);
}

static void event_set(int by_dup)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 7 };
	int set = epoll_create1(0), fd = eventfd(0, 0);
	pthread_t t;

	CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), 0);
	t = in_call(waits_for_event, set);
	take_away(set, by_dup);
	CHECK_EQ(eventfd_write(fd, 1), 0);
	check_join(t);
	CHECK_EQ(close(fd), 0);
	if (by_dup)
		CHECK_EQ(close(set), 0);
}

static int message_queue(int by_dup)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 16 };
	char name[40], buf[16];
	mqd_t q, other;
	pthread_t t;

	snprintf(name, sizeof name, "/zag-close-waited-%d", (int)getpid());
	q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	if (q < 0)
		return 77;
	other = mq_open(name, O_RDWR);
	CHECK(other >= 0);
	CHECK_EQ(mq_unlink(name), 0);
	t = in_call(waits_for_message, q);
	take_away(q, by_dup);
	CHECK_EQ(mq_send(other, "hi", 2, 0), 0);
	check_join(t);
	if (by_dup)
		CHECK_EQ(close(q), 0);

	q = dup(other);
	CHECK_EQ(mq_send(other, "hi", 2, 0), 0);
	t = in_call(waits_for_room, q);
	take_away(q, by_dup);
	CHECK_EQ(mq_receive(other, buf, sizeof buf, NULL), 2);
	check_join(t);
	CHECK_EQ(mq_receive(other, buf, sizeof buf, NULL), 3);
	CHECK_EQ(close(other), 0);
	if (by_dup)
		CHECK_EQ(close(q), 0);
	return 0;
}

int main(void)
{
	for (int by_dup = 0; by_dup < 2; by_dup++) {
		event_set(by_dup);
		if (message_queue(by_dup))
			return CHECK_SKIPPED;
	}
	puts("each went on");
	return 0;
}
