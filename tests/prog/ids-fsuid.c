/* SPDX-License-Identifier: BSD-2-Clause */
/* setfsuid and setfsgid: with which rights the calling thread opens files. */
#include "check.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <sys/fsuid.h>

enum { NOBODY = 65534, ROUNDS = 50, IDLERS = 10 };

static char path[] = "/tmp/check-fsuid-XXXXXX";
static atomic_bool stop;

static void *idle(void *arg)
{
	while (!stop)
		usleep(500);
	return arg;
}

static void expect_open(bool may)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = errno;

	if (!may && fd < 0)
		CHECK_EQ(err, EACCES);
	CHECK_EQ(fd >= 0, may);
	if (fd >= 0)
		CHECK_EQ(close(fd), 0);
}

/* Wherever it goes on after a wait. */
static void *change(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(setfsgid(NOBODY), 0);
		CHECK_EQ(setfsuid(NOBODY), 0);
		CHECK_EQ(setfsuid(-1), NOBODY);
		usleep(200);
		expect_open(false);
		CHECK_EQ(setfsuid(0), NOBODY);
		CHECK_EQ(setfsgid(0), NOBODY);
		usleep(200);
		CHECK_EQ(setfsuid(-1), 0);
		expect_open(true);
	}
	return arg;
}

int main(void)
{
	pthread_t t[IDLERS];
	int fd;

	if (geteuid() != 0)
		return 77;
	fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	for (int i = 0; i < IDLERS; i++)
		t[i] = check_spawn(idle, NULL);
	check_join(check_spawn(change, NULL));
	stop = true;
	for (int i = 0; i < IDLERS; i++)
		check_join(t[i]);
	CHECK_EQ(unlink(path), 0);
	puts("files opened as another");
	return 0;
}
