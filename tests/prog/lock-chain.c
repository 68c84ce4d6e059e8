/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads wait for a file lock that goes only when another one goes. */
#include "check.h"

#include <fcntl.h>
#include <stdatomic.h>

#define WAITERS 70

static char path[] = "/tmp/lock-chain-XXXXXX";
static int first, second;
static atomic_int released, passed;

static struct flock byte(short type, off_t start)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET,
			       .l_start = start, .l_len = 1 };
}

static void set(int fd, int cmd, short type, off_t start)
{
	struct flock l = byte(type, start);

	CHECK_EQ(fcntl(fd, cmd, &l), 0);
}

static int open_it(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* Byte 0 is free when the main thread has got byte 1. */
static void *wait_first(void *arg)
{
	int fd = open_it();

	set(fd, F_OFD_SETLKW, F_WRLCK, 0);
	CHECK_EQ(atomic_load(&released), 2);
	CHECK_EQ(atomic_fetch_add(&passed, 1), *(int *)arg);
	atomic_fetch_sub(&passed, 1);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void *release_second(void *arg)
{
	check_msleep(300);
	atomic_store(&released, 1);
	set(second, F_OFD_SETLK, F_UNLCK, 1);
	return arg;
}

int main(void)
{
	pthread_t t[WAITERS], r;
	struct flock l;
	int i, nobody = 0;

	first = mkstemp(path);
	CHECK(first >= 0);
	second = open_it();
	set(first, F_OFD_SETLK, F_WRLCK, 0);
	set(second, F_OFD_SETLK, F_WRLCK, 1);
	l = byte(F_WRLCK, 1);
	CHECK_ERRNO(fcntl(first, F_OFD_SETLK, &l), EAGAIN);
	for (i = 0; i < WAITERS; i++)
		t[i] = check_spawn(wait_first, &nobody);
	check_msleep(200);
	r = check_spawn(release_second, NULL);
	set(first, F_OFD_SETLKW, F_WRLCK, 1);
	CHECK_EQ(atomic_load(&released), 1);
	atomic_store(&released, 2);
	set(first, F_OFD_SETLK, F_UNLCK, 0);
	for (i = 0; i < WAITERS; i++)
		check_join(t[i]);
	check_join(r);
	CHECK_EQ(unlink(path), 0);
	puts("the chain went");
	return 0;
}
