/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd_read, eventfd_write, timerfd, inotify, aio_suspend. */
#include "check.h"

#include <aio.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int ping, pong;

static void *answers(void *arg)
{
	eventfd_t v;

	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(eventfd_read(ping, &v), 0);
		CHECK_EQ(v, i);
		CHECK_EQ(eventfd_write(pong, v + 1), 0);
	}
	/* Full: it waits until there is room. */
	CHECK_EQ(eventfd_write(pong, 0xfffffffffffffffe), 0);
	CHECK_EQ(eventfd_write(pong, 1), 0);
	return arg;
}

static void events(void)
{
	pthread_t t;
	eventfd_t v;

	ping = eventfd(0, 0);
	pong = eventfd(0, 0);
	t = check_spawn(answers, NULL);
	for (int i = 1; i <= 100; i++) {
		CHECK_EQ(eventfd_write(ping, i), 0);
		CHECK_EQ(eventfd_read(pong, &v), 0);
		CHECK_EQ(v, i + 1);
	}
	check_msleep(10);
	CHECK_EQ(eventfd_read(pong, &v), 0);
	CHECK_EQ(v, 0xfffffffffffffffe);
	CHECK_EQ(eventfd_read(pong, &v), 0);
	CHECK_EQ(v, 1);
	check_join(t);
	CHECK_EQ(fcntl(ping, F_SETFL, O_NONBLOCK), 0);
	CHECK_ERRNO(eventfd_read(ping, &v), EAGAIN);
	CHECK_ERRNO(eventfd_read(-1, &v), EBADF);
	CHECK_ERRNO(eventfd_write(-1, 1), EBADF);
	CHECK_EQ(close(ping), 0);
	CHECK_EQ(close(pong), 0);
}

static void *timers(void *arg)
{
	struct itimerspec its = { .it_value = check_timespec(20 * CHECK_MS),
				  .it_interval = check_timespec(CHECK_MS) };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	long long start = check_now(CLOCK_MONOTONIC);
	uint64_t n;

	CHECK(fd >= 0);
	CHECK_EQ(timerfd_settime(fd, 0, &its, NULL), 0);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(read(fd, &n, sizeof n), sizeof n);
		CHECK(n >= 1);
	}
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 24 * CHECK_MS);
	CHECK_EQ(close(fd), 0);
	return arg;
}

static char dir[] = "/tmp/io-event-XXXXXX";

static void *makes_file(void *arg)
{
	char path[64];
	int fd;

	check_msleep(20);
	snprintf(path, sizeof path, "%s/file", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(unlink(path), 0);
	return arg;
}

static void *watches(void *arg)
{
	union {
		struct inotify_event e;
		char buf[512];
	} u;
	int fd = inotify_init1(IN_CLOEXEC);
	pthread_t t;

	CHECK(fd >= 0);
	CHECK(inotify_add_watch(fd, dir, IN_CREATE) >= 0);
	t = check_spawn(makes_file, NULL);
	CHECK(read(fd, u.buf, sizeof u.buf) >= (ssize_t)sizeof u.e);
	CHECK_EQ(u.e.mask, IN_CREATE);
	CHECK(!strcmp(u.e.name, "file"));
	check_join(t);
	CHECK_EQ(close(fd), 0);
	return arg;
}

/* A read of an empty pipe, which ends when something is written there. */
static void *suspends(void *arg)
{
	struct timespec ts = check_timespec(20 * CHECK_MS);
	char buf[4];
	struct aiocb cb = { .aio_buf = buf, .aio_nbytes = sizeof buf };
	const struct aiocb *list[3] = { NULL, &cb, NULL };
	int p[2];

	CHECK_EQ(pipe(p), 0);
	cb.aio_fildes = p[0];
	CHECK_EQ(aio_read(&cb), 0);
	CHECK_ERRNO(aio_suspend(list, 3, &ts), EAGAIN);
	check_write(p[1], "abc", 3);
	CHECK_EQ(aio_suspend(list, 3, NULL), 0);
	CHECK_EQ(aio_error(&cb), 0);
	CHECK_EQ(aio_return(&cb), 3);
	CHECK_EQ(aio_suspend(list, 3, &ts), 0);
	CHECK_ERRNO(aio_suspend(list, -1, NULL), EINVAL);
	CHECK_EQ(close(p[0]), 0);
	CHECK_EQ(close(p[1]), 0);
	return arg;
}

int main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	events();
	check_join(check_spawn(timers, NULL));
	check_join(check_spawn(watches, NULL));
	check_join(check_spawn(suspends, NULL));
	CHECK_EQ(rmdir(dir), 0);
	puts("events read");
	return 0;
}
