/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling calls that programs make at start-up and expect to work. */
#include "check.h"

static void *start(void *arg)
{
	struct sched_param param = { .sched_priority = -1 };
	struct timespec ts;
	clockid_t clock;
	int policy;

	CHECK_OK(pthread_getschedparam(pthread_self(), &policy, &param));
	CHECK_EQ(policy, SCHED_OTHER);
	CHECK_EQ(param.sched_priority, 0);
	CHECK_OK(pthread_setschedparam(pthread_self(), policy, &param));
	CHECK_OK(pthread_setschedprio(pthread_self(), 0));
	param.sched_priority = 1000;
	CHECK_RC(pthread_setschedparam(pthread_self(), SCHED_RR, &param),
		 EINVAL);

	CHECK_OK(pthread_getcpuclockid(pthread_self(), &clock));
	CHECK_EQ(clock_gettime(clock, &ts), 0);
	CHECK_EQ(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts), 0);
	CHECK(sched_getcpu() >= 0);
	CHECK(sched_getcpu() < sysconf(_SC_NPROCESSORS_CONF));
	CHECK(gettid() > 0);
	return arg;
}

/* Two live threads never have the same gettid(). */
static pthread_barrier_t both;
static pid_t tid[2];

static void *stores_tid(void *arg)
{
	*(pid_t *)arg = gettid();
	pthread_barrier_wait(&both);
	return NULL;
}

int main(void)
{
	pthread_t t;

	CHECK_EQ(pthread_getconcurrency(), 0);
	CHECK_OK(pthread_setconcurrency(8));
	CHECK_EQ(pthread_getconcurrency(), 8);
	CHECK_RC(pthread_setconcurrency(-1), EINVAL);
	start(NULL);
	check_join(check_spawn(start, NULL));
	start(NULL);

	CHECK_OK(pthread_barrier_init(&both, NULL, 2));
	t = check_spawn(stores_tid, &tid[0]);
	stores_tid(&tid[1]);
	check_join(t);
	CHECK(tid[0] != tid[1]);
	puts("scheduling calls work");
	return 0;
}
