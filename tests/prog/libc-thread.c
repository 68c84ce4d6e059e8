/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libc's calls do in a thread that libc has made by itself, for a timer,
 * beside threads of the program's: results, remaining times, cancellation.
 */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int fd[2], cleaned;
static pthread_t blocked;
static volatile int finished;

static void check_times(void)
{
	struct timeval tv = { 0, 1500000 }; /* more than a second is allowed */
	struct timespec ts = { 0, 10 * CHECK_MS };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd[1], &in);
	check_write(fd[0], "x", 1);
	CHECK_EQ(select(fd[1] + 1, &in, NULL, NULL, &tv), 1);
	CHECK(tv.tv_sec == 1 || (tv.tv_sec == 0 && tv.tv_usec > 0));
	CHECK(tv.tv_usec < 1000000);
	check_read(fd[1], (char[1]){ 0 }, 1);
	tv = (struct timeval){ 0, -1 };
	CHECK_ERRNO(select(0, NULL, NULL, NULL, &tv), EINVAL);
	CHECK_EQ(pselect(0, NULL, NULL, NULL, &ts, NULL), 0);
	CHECK_EQ(ts.tv_nsec, 10 * CHECK_MS);
	CHECK_EQ(ppoll(NULL, 0, &ts, NULL), 0);
	CHECK_EQ(ts.tv_nsec, 10 * CHECK_MS);
	CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL),
		 EINVAL);
	ts.tv_nsec = 1000000000;
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL), EINVAL);
	CHECK_ERRNO(nanosleep(&ts, NULL), EINVAL);
	CHECK_EQ(usleep(100), 0);
}

static void check_errors(void)
{
	CHECK_ERRNO(read(-1, fd, 1), EBADF);
	CHECK_ERRNO(close(-1), EBADF);
	CHECK_ERRNO(dup2(-1, 3), EBADF);
	CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	CHECK_ERRNO(sigaction(SIGKILL, &(struct sigaction){ 0 }, NULL), EINVAL);
	CHECK_ERRNO(sigaction(32, NULL, NULL), EINVAL);
	CHECK_ERRNO(open("/nonexistent", O_RDONLY), ENOENT);
}

/* An owner that is a process group is negative, and no error. */
static void check_owner(void)
{
	CHECK_EQ(fcntl(fd[1], F_GETOWN), 0);
	CHECK_EQ(fcntl(fd[1], F_SETOWN, -getpgrp()), 0);
	CHECK_EQ(fcntl(fd[1], F_GETOWN), -getpgrp());
	CHECK_EQ(fcntl(fd[1], F_SETOWN, getpid()), 0);
	CHECK_EQ(fcntl(fd[1], F_GETOWN), getpid());
	CHECK_ERRNO(fcntl(-1, F_GETOWN), EBADF);
}

static void check_programs(void)
{
	char line[16];
	FILE *f = popen("echo said", "r");

	CHECK(f != NULL);
	CHECK(fgets(line, sizeof line, f) != NULL);
	CHECK_EQ(strcmp(line, "said\n"), 0);
	CHECK_EQ(pclose(f), 0);
	CHECK_EQ(system("exit 9"), 9 << 8);
}

static void clean(void *arg)
{
	cleaned++;
	finished = 1;
	(void)arg;
}

static void is_cancelled(void)
{
	char c;

	pthread_cleanup_push(clean, NULL);
	blocked = pthread_self();
	finished = -1;
	while (read(fd[1], &c, 1) == 1)
		;
	check_fail("read has returned");
	pthread_cleanup_pop(0);
}

static void on_timer(union sigval value)
{
	(void)value;
	check_times();
	check_errors();
	check_owner();
	check_programs();
	is_cancelled();
}

static void *thread(void *arg)
{
	usleep(1000);
	return arg;
}

static void wait_for(int value)
{
	while (finished != value)
		usleep(1000);
}

int main(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = on_timer };
	struct itimerspec at = { .it_value.tv_nsec = 1 };
	timer_t timer;

	check_join(check_spawn(thread, NULL));
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_EQ(timer_create(CLOCK_MONOTONIC, &ev, &timer), 0);
	CHECK_EQ(timer_settime(timer, 0, &at, NULL), 0);
	wait_for(-1);
	usleep(20000);
	CHECK_OK(pthread_cancel(blocked));
	wait_for(1);
	CHECK_EQ(cleaned, 1);
	puts("as in any thread");
	return 0;
}
