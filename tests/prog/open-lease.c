/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open of a file that another process has a lease of waits until it is given
 * up; a signal or a cancellation ends that, and other threads go on.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/wait.h>

static char path[] = "/tmp/open-lease-XXXXXX";
static int steps, handled;
static volatile int counted;

static void cleanup(void *arg)
{
	(void)arg;
	handled++;
}

static void *opens(void *arg)
{
	int fd;

	pthread_cleanup_push(cleanup, NULL);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *interrupted(void *arg)
{
	CHECK_ERRNO(open(path, O_RDONLY), EINTR);
	check_step(&steps);
	return arg;
}

static void *counts(void *arg)
{
	for (int i = 0; i < 20; i++) {
		check_msleep(1);
		counted++;
	}
	return arg;
}

/* Takes a lease, says whether it has one, and gives it up when told, or when
 * there is nobody any more to tell. */
static void hold(int said, const int told[2])
{
	int fd = open(path, O_RDWR);
	char c;

	CHECK(fd >= 0);
	CHECK_EQ(close(told[1]), 0);
	signal(SIGIO, SIG_IGN);
	c = fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? 'y' : 'n';
	check_write(said, &c, 1);
	CHECK(read(told[0], &c, 1) >= 0);
	_exit(0);
}

static void check_wait(int tell)
{
	pthread_t t = check_spawn(interrupted, NULL), other;

	check_kill_until(t, SIGUSR1, &steps, 1);
	check_join(t);
	t = check_spawn(opens, NULL);
	check_msleep(20);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(handled, 1);
	t = check_spawn(opens, NULL);
	other = check_spawn(counts, NULL);
	check_join(other);
	CHECK_EQ(counted, 20);
	CHECK_EQ(pthread_tryjoin_np(t, NULL), EBUSY);
	check_write(tell, "x", 1);
	check_join(t);
}

int main(void)
{
	int fd = mkstemp(path), said[2], told[2], status;
	pid_t child;
	char c;

	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	check_handle(SIGUSR1, check_ignore, 0);
	CHECK_EQ(pipe(said), 0);
	CHECK_EQ(pipe(told), 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0)
		hold(said[1], told);
	check_read(said[0], &c, 1);
	if (c == 'y')
		check_wait(told[1]);
	CHECK_EQ(close(told[1]), 0);
	close(told[0]);
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(unlink(path), 0);
	return c == 'y' ? 0 : CHECK_SKIPPED;
}
