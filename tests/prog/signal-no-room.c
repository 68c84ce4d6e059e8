/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RLIMIT_SIGPENDING is 0, as if other processes of the user had queued all that
 * may be: standard signals come all the same, and a thread that computes does
 * not hold up the others.  Who waits for a lock of a file is told at the latest
 * when there is room again.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

static int computing, stop, file[2]; /* one file, opened twice */

static void *computes(void *arg)
{
	__atomic_store_n(&computing, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		;
	return arg;
}

static void *naps(void *arg)
{
	struct timespec ts = { 20, 0 };

	CHECK_ERRNO(nanosleep(&ts, NULL), EINTR);
	check_step(arg);
	return NULL;
}

static void *locks(void *arg)
{
	CHECK_ERRNO(flock(file[1], LOCK_EX), EINTR);
	check_step(arg);
	return NULL;
}

static void open_twice(void)
{
	char path[] = "/tmp/signal-no-room-XXXXXX";

	file[0] = mkstemp(path);
	CHECK(file[0] >= 0);
	file[1] = open(path, O_RDWR);
	CHECK(file[1] >= 0);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(flock(file[0], LOCK_EX), 0);
}

static void allow(rlim_t signals)
{
	struct rlimit lim;

	CHECK_EQ(getrlimit(RLIMIT_SIGPENDING, &lim), 0);
	lim.rlim_cur = signals < lim.rlim_max ? signals : lim.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &lim), 0);
}

static void check_lock(void)
{
	pthread_t locker;
	int steps = 0;

	open_twice();
	locker = check_spawn(locks, &steps);
	check_msleep(50);
	allow(0);
	CHECK_OK(pthread_kill(locker, SIGUSR1));
	check_msleep(50);
	allow(1000);
	check_join(locker);
	CHECK_EQ(steps, 1);
}

int main(void)
{
	pthread_t computer, napper;
	int steps = 0;

	check_handle(SIGUSR1, check_ignore, 0);
	check_lock();
	allow(0);
	napper = check_spawn(naps, &steps);
	check_msleep(1000); /* nothing runs */
	computer = check_spawn(computes, NULL);
	check_msleep(50);
	CHECK(__atomic_load_n(&computing, __ATOMIC_SEQ_CST));
	check_kill_until(napper, SIGUSR1, &steps, 1);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	check_join(computer);
	check_join(napper);
	puts("told in spite of it");
	return 0;
}
