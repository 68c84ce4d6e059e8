/* SPDX-License-Identifier: BSD-2-Clause */
/* flock, lockf, F_SETLKW and F_OFD_SETLKW: many wait, signals, deadlocks. */
#include "check.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 100 };

static char path[] = "/tmp/lock-file-XXXXXX";
static volatile int inside, most;

static int open_it(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void stay(void)
{
	most |= __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) > 1;
	check_msleep(1);
	__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

/* Each open file is an owner of its own. */
static void *with_flock(void *arg)
{
	int fd = open_it();

	CHECK_EQ(flock(fd, LOCK_EX), 0);
	stay();
	if ((long)arg % 2)
		CHECK_EQ(flock(fd, LOCK_UN), 0);
	CHECK_EQ(close(fd), 0); /* unlocks, too */
	return NULL;
}

static void *with_ofd(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_it();

	CHECK_EQ(fcntl(fd, F_OFD_SETLKW, &l), 0);
	stay();
	CHECK_EQ(close(fd), 0);
	return arg;
}

static void many_wait(void *(*fn)(void *))
{
	pthread_t t[MANY];
	int fd = open_it();

	CHECK_EQ(flock(fd, LOCK_EX), 0);
	for (long i = 0; i < MANY; i++)
		t[i] = check_spawn(fn, (void *)i);
	check_msleep(20);
	CHECK_EQ(close(fd), 0);
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
	CHECK_EQ(most, 0);
}

static void *share(void *arg)
{
	int fd = open_it();

	CHECK_EQ(flock(fd, LOCK_SH), 0);
	pthread_barrier_wait(arg); /* all have it at once */
	CHECK_EQ(close(fd), 0);
	return NULL;
}

/* An exclusive one waits, but those who share do not wait for it. */
static void many_share(void)
{
	pthread_barrier_t all;
	pthread_t t[20], x;
	int fd = open_it();

	CHECK_OK(pthread_barrier_init(&all, NULL, 21));
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	for (int i = 0; i < 10; i++)
		t[i] = check_spawn(share, &all);
	check_msleep(10);
	CHECK_EQ(flock(fd, LOCK_SH), 0);
	x = check_spawn(with_flock, NULL);
	check_msleep(10);
	for (int i = 10; i < 20; i++)
		t[i] = check_spawn(share, &all);
	pthread_barrier_wait(&all);
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	CHECK_EQ(close(fd), 0);
	check_join(x);
	CHECK_OK(pthread_barrier_destroy(&all));
}

/* --- another process holds it -------------------------------------------- */

static int told[2], hold[2], steps;

/* A child that has the lock for a time, or with none until it is let go. */
static pid_t child(int record, int ms)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid;
	char c;

	CHECK_EQ(pipe(told), 0);
	CHECK_EQ(pipe(hold), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDWR);

		if (record ? fcntl(fd, F_SETLKW, &l) : flock(fd, LOCK_EX))
			_exit(1);
		if (write(told[1], "x", 1) != 1)
			_exit(1);
		close(hold[1]);
		if (ms)
			check_msleep(ms);
		else if (read(hold[0], &c, 1) != 0)
			_exit(1);
		_exit(0);
	}
	check_read(told[0], &c, 1);
	CHECK_EQ(close(told[0]), 0);
	CHECK_EQ(close(told[1]), 0);
	CHECK_EQ(close(hold[0]), 0);
	return pid;
}

/* 0: flock, 1: F_SETLKW, 2: lockf; what it returns, or -errno. */
static void *wait_for(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	long how = (long)arg, r;
	int fd = open_it();

	if (how == 0)
		r = flock(fd, LOCK_EX);
	else if (how == 1)
		r = fcntl(fd, F_SETLKW, &l);
	else
		r = lockf(fd, F_LOCK, 0);
	r = r < 0 ? -errno : r;
	CHECK_EQ(close(fd), 0);
	__atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
	return (void *)r;
}

/* A handler without SA_RESTART ends the wait, and the lock is not taken; one
 * with it does not. */
static void interrupted(long how)
{
	pid_t pid = child(how > 0, 0);
	int status, fd;
	pthread_t t;

	steps = 0;
	t = check_spawn(wait_for, (void *)how);
	check_kill_until(t, SIGUSR1, &steps, 1);
	CHECK_EQ((long)check_join(t), -EINTR);
	t = check_spawn(wait_for, (void *)how);
	check_msleep(30);
	CHECK_OK(pthread_kill(t, SIGUSR2));
	check_msleep(20);
	CHECK_EQ(close(hold[1]), 0);
	CHECK_EQ((long)check_join(t), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	fd = open_it(); /* nobody has it now */
	CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(lockf(fd, F_TEST, 0), 0);
	CHECK_EQ(close(fd), 0);
}

/* Many signals while it is taken and given back: it is never lost. */
static void *take_and_give(void *arg)
{
	int fd = open_it(), *done = arg, r;

	for (int i = 0; i < 200; i++) {
		do {
			r = flock(fd, LOCK_EX);
		} while (r != 0 && errno == EINTR);
		CHECK_EQ(r, 0);
		if (i % 16 == 0)
			sched_yield();
		CHECK_EQ(flock(fd, LOCK_UN), 0);
	}
	CHECK_EQ(close(fd), 0);
	__atomic_add_fetch(done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void signals_and_locks(void)
{
	pthread_t t[8];
	int done = 0;

	for (int i = 0; i < 8; i++)
		t[i] = check_spawn(take_and_give, &done);
	for (int i = 0; __atomic_load_n(&done, __ATOMIC_SEQ_CST) < 8; i++) {
		CHECK_OK(pthread_kill(t[i % 8], SIGUSR1));
		if (i % 32 == 0)
			check_msleep(1);
	}
	for (int i = 0; i < 8; i++)
		check_join(t[i]);
}

static void *errors(void *arg)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY);
	pid_t pid;

	CHECK(fd >= 0);
	CHECK_ERRNO(flock(-1, LOCK_EX), EBADF);
	CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_SH), EINVAL);
	CHECK_ERRNO(flock(fd, 0), EINVAL);
	CHECK_ERRNO(fcntl(fd, F_SETLKW, &l), EBADF);
	CHECK_ERRNO(fcntl(fd, F_SETLKW, check_bad_pointer()), EFAULT);
	CHECK_ERRNO(lockf(fd, F_LOCK, 0), EBADF);
	CHECK_ERRNO(lockf(fd, 99, 0), EINVAL);
	pid = child(0, 30);
	CHECK_EQ(close(hold[1]), 0);
	CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(close(fd), 0);
	return arg;
}

/* Threads with the same descriptor get the lock together, though another one
 * has begun to wait between them. */
static pthread_barrier_t both;

static void *with_that(void *arg)
{
	CHECK_EQ(flock(*(int *)arg, LOCK_EX), 0);
	pthread_barrier_wait(&both);
	CHECK_EQ(flock(*(int *)arg, LOCK_UN), 0);
	return arg;
}

static void *with_own(void *arg)
{
	int fd = open_it();

	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(close(fd), 0);
	return arg;
}

static void together(void)
{
	void *(*const fn[])(void *) = { with_that, with_own, with_that };
	int holder = open_it(), fd = open_it();
	pthread_t t[3];

	CHECK_OK(pthread_barrier_init(&both, NULL, 2));
	CHECK_EQ(flock(holder, LOCK_EX), 0);
	for (int i = 0; i < 3; i++) {
		t[i] = check_spawn(fn[i], &fd);
		check_msleep(20);
	}
	CHECK_EQ(flock(holder, LOCK_UN), 0);
	for (int i = 0; i < 3; i++)
		check_join(t[i]);
	CHECK_EQ(close(holder), 0);
	CHECK_EQ(close(fd), 0);
}

int main(void)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_EQ(close(fd), 0);
	check_handle(SIGUSR1, check_ignore, 0);
	check_handle(SIGUSR2, check_ignore, SA_RESTART);
	many_wait(with_flock);
	many_wait(with_ofd);
	many_share();
	for (long how = 0; how < 3; how++)
		interrupted(how);
	signals_and_locks();
	together();
	check_join(check_spawn(errors, NULL));
	CHECK_EQ(unlink(path), 0);
	puts("locked and unlocked");
	return 0;
}
