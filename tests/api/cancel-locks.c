/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks of a thread whose calls are to fail: who waits for one gets it, as what
 * locks are made of goes on; a condition returns once for no reason. */
#include "injected.h"

#include <linux/futex.h>
#include <sys/syscall.h>

static int in_mutex(void)
{
	int err = pthread_mutex_lock(&on.mutex);

	if (!err)
		CHECK_OK(pthread_mutex_unlock(&on.mutex));
	return err;
}

static int in_timed_mutex(void)
{
	struct timespec t = minute(CLOCK_REALTIME);
	int err = pthread_mutex_timedlock(&on.mutex, &t);

	if (!err)
		CHECK_OK(pthread_mutex_unlock(&on.mutex));
	return err;
}

static void end_mutex(void)
{
	CHECK_OK(pthread_mutex_unlock(&on.mutex));
}

/* Its own time-out is its own. */
static int in_short_mutex(void)
{
	struct timespec t = check_in_ms(CLOCK_REALTIME, 30);

	CHECK_RC(pthread_mutex_timedlock(&on.mutex, &t), ETIMEDOUT);
	on.timed_out = true;
	return in_mutex();
}

static int in_read_lock(void)
{
	int err = pthread_rwlock_rdlock(&on.rwlock);

	if (!err)
		CHECK_OK(pthread_rwlock_unlock(&on.rwlock));
	return err;
}

static int in_write_lock(void)
{
	int err = pthread_rwlock_wrlock(&on.rwlock);

	if (!err)
		CHECK_OK(pthread_rwlock_unlock(&on.rwlock));
	return err;
}

static void end_rwlock(void)
{
	CHECK_OK(pthread_rwlock_unlock(&on.rwlock));
}

static int in_barrier(void)
{
	int err = pthread_barrier_wait(&on.barrier);

	return err == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : err;
}

static void end_barrier(void)
{
	in_barrier();
}

static int in_mtx(void)
{
	CHECK_EQ(mtx_lock(&on.mtx), thrd_success);
	CHECK_EQ(mtx_unlock(&on.mtx), thrd_success);
	return 0;
}

static void end_mtx(void)
{
	CHECK_EQ(mtx_unlock(&on.mtx), thrd_success);
}

static int in_flockfile(void)
{
	flockfile(on.file);
	funlockfile(on.file);
	return 0;
}

static void end_file(void)
{
	funlockfile(on.file);
}

/* What locks are made of. */
static int in_futex(void)
{
	while (on.word == 0)
		if (syscall(SYS_futex, &on.word, FUTEX_WAIT_PRIVATE, 0, NULL,
			    NULL, 0) < 0 && errno != EAGAIN)
			return errno;
	return 0;
}

static void end_futex(void)
{
	on.word = 1;
	syscall(SYS_futex, &on.word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* --- conditions: woken once for no reason -------------------------------- */

static int in_cond(void)
{
	int err = 0;

	CHECK_OK(pthread_mutex_lock(&on.mutex));
	while (!on.flag && !err) {
		err = pthread_cond_wait(&on.cond, &on.mutex);
		on.wakes++;
	}
	/* It has the mutex, whatever has woken it. */
	CHECK_OK(pthread_mutex_unlock(&on.mutex));
	return err;
}

static int in_timed_cond(void)
{
	struct timespec t = minute(CLOCK_REALTIME);
	int err = 0;

	CHECK_OK(pthread_mutex_lock(&on.mutex));
	while (!on.flag && !err) {
		err = pthread_cond_timedwait(&on.cond, &on.mutex, &t);
		on.wakes++;
	}
	CHECK_OK(pthread_mutex_unlock(&on.mutex));
	return err;
}

/* And its own time-out is its own. */
static int in_short_cond(void)
{
	struct timespec t = check_in_ms(CLOCK_REALTIME, 50);
	int err = 0;

	CHECK_OK(pthread_mutex_lock(&on.mutex));
	while (!err)
		err = pthread_cond_timedwait(&on.cond, &on.mutex, &t);
	CHECK_OK(pthread_mutex_unlock(&on.mutex));
	CHECK_EQ(err, ETIMEDOUT);
	on.timed_out = true;
	return in_cond();
}

static void end_cond(void)
{
	CHECK_OK(pthread_mutex_lock(&on.mutex));
	on.flag = true;
	CHECK_OK(pthread_cond_signal(&on.cond));
	CHECK_OK(pthread_mutex_unlock(&on.mutex));
}

static int in_cnd(void)
{
	CHECK_EQ(mtx_lock(&on.mtx), thrd_success);
	while (!on.flag) {
		CHECK_EQ(cnd_wait(&on.cnd, &on.mtx), thrd_success);
		on.wakes++;
	}
	CHECK_EQ(mtx_unlock(&on.mtx), thrd_success);
	return 0;
}

static void end_cnd(void)
{
	CHECK_EQ(mtx_lock(&on.mtx), thrd_success);
	on.flag = true;
	CHECK_EQ(cnd_signal(&on.cnd), thrd_success);
	CHECK_EQ(mtx_unlock(&on.mtx), thrd_success);
}

static const struct op ops[] = {
	WAITS("mutex", in_mutex, end_mutex, MUTEX),
	WAITS("recursive mutex", in_mutex, end_mutex, MUTEX,
	      .type = PTHREAD_MUTEX_RECURSIVE),
	WAITS("checking mutex", in_mutex, end_mutex, MUTEX,
	      .type = PTHREAD_MUTEX_ERRORCHECK),
	WAITS("inheriting mutex", in_mutex, end_mutex, MUTEX,
	      .protocol = PTHREAD_PRIO_INHERIT),
	WAITS("shared mutex", in_mutex, end_mutex, MUTEX, .shared = 1),
	WAITS("timed mutex", in_timed_mutex, end_mutex, MUTEX),
	WAITS("mutex for 30 ms", in_short_mutex, end_mutex, MUTEX,
	      .short_time = true),
	WAITS("shared mutex for 30 ms", in_short_mutex, end_mutex, MUTEX,
	      .short_time = true, .shared = 1),
	WAITS("read lock", in_read_lock, end_rwlock, RWLOCK),
	WAITS("write lock", in_write_lock, end_rwlock, RWLOCK),
	WAITS("shared write lock", in_write_lock, end_rwlock, RWLOCK,
	      .shared = 1),
	WAITS("barrier", in_barrier, end_barrier, NOTHING),
	WAITS("shared barrier", in_barrier, end_barrier, NOTHING, .shared = 1),
	WAITS("mtx_lock", in_mtx, end_mtx, MTX),
	WAITS("flockfile", in_flockfile, end_file, STREAM),
	WAITS("futex", in_futex, end_futex, NOTHING),
	WAITS("cond", in_cond, end_cond, NOTHING, .wakes = true),
	WAITS("timed cond", in_timed_cond, end_cond, NOTHING, .wakes = true),
	WAITS("cond for 50 ms", in_short_cond, end_cond, NOTHING,
	      .short_time = true),
	WAITS("shared cond", in_cond, end_cond, NOTHING, .wakes = true,
	      .shared = 1),
	WAITS("cnd_wait", in_cnd, end_cnd, NOTHING, .wakes = true),

};

int main(void)
{
	return try_all(ops, sizeof(ops) / sizeof(ops[0]));
}
