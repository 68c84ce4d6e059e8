/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that leave calls by siglongjmp which many threads make for the same
 * thing: a child, a lock.  Those who come later get it.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 12
#define ROUNDS 40

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t armed;
static int left, ready[2], child_pipe[2];
static pid_t child;
static char path[64]; /* of a file that has no name */

static void leave(int sig)
{
	if (!armed)
		return;
	armed = 0;
	siglongjmp(back, sig);
}

static void set_lock(int fd)
{
	struct flock l = { .l_type = F_WRLCK };

	fcntl(fd, F_SETLKW, &l);
}

static void make_call(int way, int fd)
{
	int status;

	switch (way % 5) {
	case 0:
		wait(&status);
		break;
	case 1:
		waitpid(child, &status, 0);
		break;
	case 2:
		flock(fd, LOCK_EX);
		break;
	case 3:
		syscall(SYS_read, child_pipe[0], &status, 1);
		break;
	default:
		set_lock(fd);
	}
}

static void *leaves(void *arg)
{
	int way = (int)(long)arg, fd = open(path, O_RDWR), old;
	volatile int i;

	CHECK(fd >= 0);
	for (i = 0; i < ROUNDS; i++) {
		if (sigsetjmp(back, 1) == 0) {
			armed = 1;
			make_call(way, fd);
			check_fail("way %d has returned", way);
		}
	}
	CHECK_OK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old));
	CHECK_EQ(old, PTHREAD_CANCEL_ENABLE); /* whatever the call has done */
	CHECK_EQ(close(fd), 0);
	__atomic_fetch_add(&left, 1, __ATOMIC_SEQ_CST);
	return arg;
}

/* The same calls, and they have what they want. */
static void *gets_child(void *arg)
{
	int status;
	pid_t pid = arg ? waitpid(child, &status, 0) : wait(&status);
	int err = errno;

	if (pid < 0)
		CHECK_EQ(err, ECHILD); /* the other one has it */
	else
		CHECK(pid == child && WIFEXITED(status));
	return (void *)(long)(pid > 0);
}

static void *gets_lock(void *arg)
{
	int fd = open(path, O_RDWR);

	CHECK(fd >= 0);
	if (arg)
		CHECK_EQ(flock(fd, LOCK_EX), 0);
	else
		set_lock(fd);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

static void hold_locks(void)
{
	int fd = open(path, O_RDWR);
	char c;

	if (fd < 0 || flock(fd, LOCK_EX))
		_exit(1);
	set_lock(fd);
	check_write(ready[1], "x", 1);
	CHECK_EQ(close(child_pipe[1]), 0);
	_exit((int)read(child_pipe[0], &c, 1)); /* the other's end */
}

static int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	CHECK_EQ(closedir(d), 0);
	return n;
}

static void leave_all(void)
{
	pthread_t t[THREADS];

	left = 0;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(leaves, (void *)(long)i);
	while (__atomic_load_n(&left, __ATOMIC_SEQ_CST) < THREADS) {
		for (int i = 0; i < THREADS; i++)
			pthread_kill(t[i], SIGUSR1);
		check_msleep(2);
	}
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
}

int main(void)
{
	pthread_t t[4];
	char c;
	char name[] = "/tmp/check-jump-XXXXXX";
	int fd = mkstemp(name), open_before;

	CHECK(fd >= 0);
	CHECK_EQ(unlink(name), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe(child_pipe), 0);
	check_handle(SIGUSR1, leave, SA_RESTART);
	child = fork();
	CHECK(child >= 0);
	if (!child)
		hold_locks();
	CHECK_EQ(read(ready[0], &c, 1), 1);
	leave_all();
	open_before = count_descriptors();
	leave_all();
	CHECK(count_descriptors() < open_before + ROUNDS); /* none for each */
	for (long i = 0; i < 4; i++)
		t[i] = check_spawn(i < 2 ? gets_child : gets_lock,
				   (void *)(i & 1));
	check_msleep(20);
	CHECK_EQ(close(child_pipe[1]), 0);
	CHECK_EQ((long)check_join(t[0]) + (long)check_join(t[1]), 1);
	check_join(t[2]);
	check_join(t[3]);
	puts("left, and got");
	return 0;
}
