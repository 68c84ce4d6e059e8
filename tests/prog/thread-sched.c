/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Affinity, policies and nice values are each thread's own, by whatever call
 * and number they are set, and are inherited; who may not set them is told.
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define NOBODY 65534

static pthread_barrier_t set, seen;
static pid_t tid;
static int cpu; /* one that we may use */

static void check_affinity(pid_t of, int want)
{
	cpu_set_t set;

	CHECK_EQ(sched_getaffinity(of, sizeof set, &set), 0);
	CHECK_EQ(CPU_COUNT(&set), want);
	CHECK(CPU_ISSET(cpu, &set));
}

static void *inherits(void *arg)
{
	check_affinity(0, 1);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 7);
	return arg;
}

/* Sets its own, by 0 and by its number; another one looks at it. */
static void *sets(void *arg)
{
	struct sched_param param = { 0 };
	cpu_set_t one;
	int policy;

	tid = gettid();
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
	CHECK_OK(pthread_getaffinity_np(pthread_self(), sizeof one, &one));
	CHECK_EQ(CPU_COUNT(&one), 1);
	CHECK_EQ(setpriority(PRIO_PROCESS, tid, 5), 0);
	CHECK_EQ(nice(2), 7);
	CHECK_EQ(sched_setscheduler(tid, SCHED_BATCH, &param), 0);
	CHECK_OK(pthread_getschedparam(pthread_self(), &policy, &param));
	CHECK_EQ(policy, SCHED_BATCH);
	CHECK_EQ(sched_setparam(0, &param), 0);
	check_join(check_spawn(inherits, NULL));
	pthread_barrier_wait(&set);
	pthread_barrier_wait(&seen);
	return arg;
}

static void looks(int cpus)
{
	struct sched_param param;

	pthread_barrier_wait(&set);
	check_affinity(tid, 1);
	CHECK_EQ(getpriority(PRIO_PROCESS, tid), 7);
	CHECK_EQ(sched_getscheduler(tid), SCHED_BATCH);
	CHECK_EQ(sched_getparam(tid, &param), 0);
	CHECK_EQ(param.sched_priority, 0);
	/* Nothing of it is ours. */
	check_affinity(0, cpus);
	check_affinity(getpid(), cpus);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
	CHECK_EQ(sched_getscheduler(getpid()), SCHED_OTHER);
	pthread_barrier_wait(&seen);
}

static void check_errors(void)
{
	struct sched_param param = { .sched_priority = 1 };
	cpu_set_t none;

	CPU_ZERO(&none);
	CHECK_ERRNO(sched_setaffinity(0, sizeof none, &none), EINVAL);
	CHECK_RC(pthread_setaffinity_np(pthread_self(), sizeof none, &none),
		 EINVAL);
	CHECK_ERRNO(sched_setscheduler(0, SCHED_OTHER, &param), EINVAL);
	CHECK_ERRNO(sched_setscheduler(0, 4711, &param), EINVAL);
	CHECK_ERRNO(sched_getscheduler(-1), EINVAL);
	CHECK_ERRNO(getpriority(PRIO_PROCESS, 0x3ffffff0), ESRCH);
}

static void *nothing(void *arg)
{
	return arg;
}

/* Without privileges. */
static void *may_not(void *arg)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_attr_t a;
	pthread_t t;

	CHECK_RC(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param),
		 EPERM);
	CHECK_ERRNO(sched_setscheduler(0, SCHED_RR, &param), EPERM);
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED));
	CHECK_OK(pthread_attr_setschedpolicy(&a, SCHED_FIFO));
	CHECK_OK(pthread_attr_setschedparam(&a, &param));
	CHECK_RC(pthread_create(&t, &a, nothing, NULL), EPERM);
	CHECK_EQ(setpriority(PRIO_PROCESS, 0, 3), 0);
	CHECK_ERRNO(setpriority(PRIO_PROCESS, 0, -1), EACCES);
	CHECK_ERRNO(nice(-4), EPERM);
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 3);
	return arg;
}

static void check_unprivileged(void)
{
	const struct rlimit none = { 0, 0 };
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(setrlimit(RLIMIT_RTPRIO, &none), 0);
		CHECK_EQ(setrlimit(RLIMIT_NICE, &none), 0);
		if (geteuid() == 0)
			CHECK_EQ(setresuid(NOBODY, NOBODY, NOBODY), 0);
		check_join(check_spawn(may_not, NULL));
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

int main(void)
{
	cpu_set_t all;
	pthread_t t;

	CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	if (getpriority(PRIO_PROCESS, 0) != 0 ||
	    sched_getscheduler(0) != SCHED_OTHER) {
		fputs("started with another priority\n", stderr);
		return CHECK_SKIPPED;
	}
	CHECK_OK(pthread_barrier_init(&set, NULL, 2));
	CHECK_OK(pthread_barrier_init(&seen, NULL, 2));
	t = check_spawn(sets, NULL);
	looks(CPU_COUNT(&all));
	check_join(t);
	check_errors();
	check_unprivileged();
	puts("each thread has its own");
	return 0;
}
