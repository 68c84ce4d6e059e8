/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices, a terminal, eventfd and timerfd under blocking reads. */
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <termios.h>

static void *check_devices(void *arg)
{
	static char zeroes[100000];
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDWR);
	char *buf = malloc(sizeof zeroes);

	CHECK(null >= 0 && zero >= 0 && buf != NULL);
	CHECK_EQ(read(null, buf, 10), 0);
	CHECK_EQ(write(null, buf, sizeof zeroes), sizeof zeroes);
	memset(buf, 1, sizeof zeroes);
	for (int i = 0; i < 200; i++) /* whole, whoever else wants the CPU */
		CHECK_EQ(read(zero, buf, sizeof zeroes), sizeof zeroes);
	CHECK_EQ(memcmp(buf, zeroes, sizeof zeroes), 0);
	CHECK_EQ(write(zero, buf, 10), 10);
	CHECK_EQ(close(null), 0);
	CHECK_EQ(close(zero), 0);
	free(buf);
	return arg;
}

static void *types_later(void *arg)
{
	check_msleep(30);
	check_write(*(int *)arg, "typed\n", 6);
	return NULL;
}

/* A terminal's slave in canonical mode: a read returns a line. */
static void *check_terminal(void *arg)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char buf[64], name[64];
	pthread_t t;

	if (master < 0)
		return NULL;
	CHECK_EQ(grantpt(master), 0);
	CHECK_EQ(unlockpt(master), 0);
	CHECK_OK(ptsname_r(master, name, sizeof name));
	slave = open(name, O_RDWR | O_NOCTTY);
	CHECK(slave >= 0);
	t = check_spawn(types_later, &master);
	CHECK_EQ(read(slave, buf, sizeof buf), 6);
	CHECK_EQ(memcmp(buf, "typed\n", 6), 0);
	check_join(t);
	/* Echo, with the newline made two characters. */
	check_read(master, buf, 7);
	CHECK_EQ(memcmp(buf, "typed\r\n", 7), 0);
	check_write(slave, "out\n", 4);
	check_read(master, buf, 5);
	CHECK_EQ(memcmp(buf, "out\r\n", 5), 0);
	CHECK_EQ(fcntl(slave, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(close(slave), 0);
	CHECK_ERRNO(read(master, buf, 1), EIO);
	CHECK_EQ(close(master), 0);
	return arg;
}

static void *adds_later(void *arg)
{
	uint64_t value = 3;

	check_msleep(30);
	check_write(*(int *)arg, &value, sizeof value);
	return NULL;
}

static void *check_eventfd(void *arg)
{
	int fd = eventfd(0, 0);
	pthread_t t = check_spawn(adds_later, &fd);
	uint64_t value = 0;

	CHECK_EQ(read(fd, &value, sizeof value), 8);
	CHECK_EQ(value, 3);
	check_join(t);
	CHECK_ERRNO(read(fd, &value, 7), EINVAL);
	/* A write that would overflow blocks until somebody reads. */
	value = UINT64_MAX - 1;
	check_write(fd, &value, sizeof value);
	t = check_spawn(adds_later, &fd);
	check_msleep(60);
	CHECK_EQ(read(fd, &value, sizeof value), 8);
	CHECK(value == UINT64_MAX - 1);
	check_join(t);
	CHECK_EQ(read(fd, &value, sizeof value), 8);
	CHECK_EQ(value, 3);
	CHECK_EQ(close(fd), 0);
	return arg;
}

static void *check_timerfd(void *arg)
{
	struct itimerspec spec = { .it_value.tv_nsec = 40 * CHECK_MS };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	long long start = check_now(CLOCK_MONOTONIC);
	uint64_t ticks = 0;

	CHECK_EQ(timerfd_settime(fd, 0, &spec, NULL), 0);
	CHECK_EQ(read(fd, &ticks, sizeof ticks), 8);
	CHECK_EQ(ticks, 1);
	CHECK(check_now(CLOCK_MONOTONIC) - start >= 40 * CHECK_MS);
	CHECK_EQ(close(fd), 0);
	return arg;
}

int main(void)
{
	static void *(*const fn[])(void *) = {
		check_devices, check_terminal, check_eventfd, check_timerfd,
	};
	pthread_t t[16];

	for (int i = 0; i < 16; i++)
		t[i] = check_spawn(fn[i % 4], NULL);
	for (int i = 0; i < 16; i++)
		check_join(t[i]);
	puts("devices work");
	return 0;
}
