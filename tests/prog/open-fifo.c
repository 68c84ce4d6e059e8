/* SPDX-License-Identifier: BSD-2-Clause */
/* open of a FIFO waits for the other end; of other files it does not. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAIRS = 20 };

static char dir[] = "/tmp/open-fifo-XXXXXX";
static char name[PAIRS][64];

static void *reads(void *arg)
{
	int fd = open(arg, O_RDONLY);
	char c;

	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void *writes(void *arg)
{
	int fd = creat(arg, 0600);

	CHECK(fd >= 0);
	check_write(fd, "x", 1);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void pairs(void)
{
	pthread_t t[2 * PAIRS];

	for (int i = 0; i < PAIRS; i++)
		t[i] = check_spawn(i % 2 ? reads : writes, name[i]);
	check_msleep(10);
	for (int i = 0; i < PAIRS; i++)
		t[PAIRS + i] = check_spawn(i % 2 ? writes : reads, name[i]);
	for (int i = 0; i < 2 * PAIRS; i++)
		check_join(t[i]);
}

/* Opened without waiting, then a blocking one: as long as nobody has it open
 * for writing it is at its end, then it waits. */
static void *reads_early(void *arg)
{
	int fd = open(name[0], O_RDONLY | O_NONBLOCK);
	char c = 0;

	CHECK(fd >= 0);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(read(fd, &c, 1), 0);
	check_step(arg);
	while (read(fd, &c, 1) == 0)
		check_msleep(1);
	CHECK_EQ(c, 'x');
	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void no_writer(void)
{
	int steps = 0, fd;
	pthread_t t = check_spawn(reads_early, &steps);

	while (!__atomic_load_n(&steps, __ATOMIC_SEQ_CST))
		check_msleep(1);
	fd = open(name[0], O_WRONLY);
	CHECK(fd >= 0);
	check_msleep(20);
	check_write(fd, "x", 1);
	CHECK_EQ(close(fd), 0);
	check_join(t);
}

static void *interrupted(void *arg)
{
	CHECK_ERRNO(open(name[0], O_RDONLY), EINTR);
	check_step(arg);
	reads(name[0]); /* goes on after a handler with SA_RESTART */
	return NULL;
}

/* Interrupted, it leaves no reader behind. */
static void signals(void)
{
	pthread_t t;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, 0);
	check_handle(SIGUSR2, check_ignore, SA_RESTART);
	t = check_spawn(interrupted, &steps);
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_msleep(20);
	CHECK_OK(pthread_kill(t, SIGUSR2));
	check_msleep(20);
	writes(name[0]);
	check_join(t);
	CHECK_ERRNO(open(name[0], O_WRONLY | O_NONBLOCK), ENXIO);
}

static void *others(void *arg)
{
	struct stat st;
	char path[80];
	int d = open(dir, O_RDONLY | O_DIRECTORY), fd;
	mode_t mask = umask(022);

	CHECK(d >= 0);
	snprintf(path, sizeof path, "%s/file", dir);
	fd = openat(d, "file", O_RDWR | O_CREAT | O_EXCL, 0640);
	CHECK(fd >= 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0640);
	CHECK_EQ(close(fd), 0);
	CHECK_ERRNO(open(path, O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
	CHECK_EQ(unlink(path), 0);
	CHECK_ERRNO(open(path, O_RDWR), ENOENT);
	CHECK_ERRNO(openat(-7, "file", O_RDWR), EBADF);
	CHECK_ERRNO(open(check_bad_pointer(), O_RDWR), EFAULT);
	CHECK_ERRNO(open(dir, O_RDWR), EISDIR);
	fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	if (fd >= 0) {
		CHECK_EQ(fstat(fd, &st), 0);
		CHECK_EQ(st.st_mode & 0777, 0600);
		CHECK_EQ(close(fd), 0);
	}
	/* No other end: these do not wait. */
	fd = open(name[0], O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	fd = open(name[0], O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	fd = open("/dev/null", O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(d), 0);
	umask(mask);
	return arg;
}

int main(void)
{
	CHECK(mkdtemp(dir) != NULL);
	for (int i = 0; i < PAIRS; i++) {
		snprintf(name[i], sizeof name[i], "%s/%d", dir, i);
		CHECK_EQ(mkfifo(name[i], 0600), 0);
	}
	pairs();
	no_writer();
	signals();
	others(NULL);
	check_join(check_spawn(others, NULL));
	for (int i = 0; i < PAIRS; i++)
		CHECK_EQ(unlink(name[i]), 0);
	CHECK_EQ(rmdir(dir), 0);
	puts("opened");
	return 0;
}
