/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_setname_np and pthread_getname_np: 15 characters, ERANGE.  prctl says
 * the same, and so do the kernel of main's and of a child's.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pthread_barrier_t step;

static void check_name(pthread_t t, const char *want)
{
	char name[16];

	CHECK_OK(pthread_getname_np(t, name, sizeof name));
	if (strcmp(name, want) != 0)
		check_fail("the name is %s, not %s", name, want);
}

/* As ps(1) sees the process. */
static void check_comm(const char *want)
{
	char comm[32] = "";
	int fd = open("/proc/self/comm", O_RDONLY);

	CHECK(fd >= 0);
	CHECK(read(fd, comm, sizeof comm - 1) > 0);
	CHECK_EQ(close(fd), 0);
	comm[strcspn(comm, "\n")] = '\0';
	if (strcmp(comm, want) != 0)
		check_fail("the process is %s, not %s", comm, want);
}

/* A child has the name of the thread that made it. */
static void check_child(const char *want)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		check_comm(want);
		check_name(pthread_self(), want);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* Several, so that not all can be on one kernel thread. */
static void *calls_prctl(void *arg)
{
	char want[16], name[20] = "";
	int i;

	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK(strcmp(name, "the-main-thread") == 0);
	for (i = 0; i < 20; i++) {
		snprintf(want, sizeof want, "no %d.%d", (int)(long)arg, i);
		CHECK_EQ(prctl(PR_SET_NAME, want), 0);
		usleep(100);
		CHECK_EQ(prctl(PR_GET_NAME, name), 0);
		CHECK(strcmp(name, want) == 0);
		check_name(pthread_self(), want);
	}
	check_child(want);
	CHECK_EQ(syscall(SYS_prctl, PR_SET_NAME, "cut off after 15", 0, 0, 0),
		 0);
	check_name(pthread_self(), "cut off after 1");
	check_child("cut off after 1");
	CHECK_OK(pthread_setname_np(pthread_self(), "by pthreads"));
	CHECK_EQ(prctl(PR_GET_NAME, name), 0);
	CHECK(strcmp(name, "by pthreads") == 0);
	check_child("by pthreads");
	CHECK_ERRNO(prctl(PR_SET_NAME, check_bad_pointer()), EFAULT);
	CHECK_ERRNO(prctl(PR_GET_NAME, check_bad_pointer()), EFAULT);
	return arg;
}

static void check_prctl(void)
{
	pthread_t t[8];
	int i;

	for (i = 0; i < 8; i++)
		t[i] = check_spawn(calls_prctl, (void *)(long)i);
	for (i = 0; i < 8; i++)
		check_join(t[i]);
	for (i = 0; i < 20; i++) {
		char name[16];

		usleep(100);
		snprintf(name, sizeof name, "main %d", i);
		if (i & 1)
			CHECK_EQ(prctl(PR_SET_NAME, name), 0);
		else
			CHECK_OK(pthread_setname_np(pthread_self(), name));
		check_comm(name);
		check_child(name);
	}
}

static void *start(void *arg)
{
	(void)arg;
	/* "By default, all the threads inherit the name of their creator." */
	check_name(pthread_self(), "the-main-thread");
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	check_name(pthread_self(), "given");
	CHECK_OK(pthread_setname_np(pthread_self(), "own"));
	sched_yield();
	usleep(100);
	check_name(pthread_self(), "own");
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return NULL;
}

int main(void)
{
	char name[64];
	pthread_t t;

	CHECK_OK(pthread_setname_np(pthread_self(), "the-main-thread"));
	check_name(pthread_self(), "the-main-thread");
	CHECK_RC(pthread_setname_np(pthread_self(), "sixteen-letters!"),
		 ERANGE);
	check_name(pthread_self(), "the-main-thread");
	CHECK_RC(pthread_getname_np(pthread_self(), name, 15), ERANGE);
	CHECK_OK(pthread_getname_np(pthread_self(), name, sizeof name));

	CHECK_OK(pthread_barrier_init(&step, NULL, 2));
	t = check_spawn(start, NULL);
	pthread_barrier_wait(&step);
	check_name(t, "the-main-thread");
	CHECK_OK(pthread_setname_np(t, "given"));
	check_name(t, "given");
	CHECK_RC(pthread_setname_np(t, "much too long for a name"), ERANGE);
	CHECK_RC(pthread_getname_np(t, name, 3), ERANGE);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	check_name(t, "own");
	check_name(pthread_self(), "the-main-thread");
	CHECK_OK(pthread_setname_np(t, ""));
	check_name(t, "");
	pthread_barrier_wait(&step);
	check_join(t);
	check_prctl();
	puts("names kept");
	return 0;
}
