/* SPDX-License-Identifier: BSD-2-Clause */
/* Every plain thread attribute: its default, its setter, its errors. */
#include "check.h"

#include <limits.h>
#include <sys/resource.h>

static void check_detachstate(pthread_attr_t *a)
{
	int v;

	CHECK_OK(pthread_attr_getdetachstate(a, &v));
	CHECK_EQ(v, PTHREAD_CREATE_JOINABLE);
	CHECK_OK(pthread_attr_setdetachstate(a, PTHREAD_CREATE_DETACHED));
	CHECK_OK(pthread_attr_getdetachstate(a, &v));
	CHECK_EQ(v, PTHREAD_CREATE_DETACHED);
	CHECK_RC(pthread_attr_setdetachstate(a, 17), EINVAL);
	CHECK_OK(pthread_attr_setdetachstate(a, PTHREAD_CREATE_JOINABLE));
	CHECK_OK(pthread_attr_getdetachstate(a, &v));
	CHECK_EQ(v, PTHREAD_CREATE_JOINABLE);
}

static void check_scheduling(pthread_attr_t *a)
{
	struct sched_param param = { .sched_priority = 7 };
	int v;

	CHECK_OK(pthread_attr_getinheritsched(a, &v));
	CHECK_EQ(v, PTHREAD_INHERIT_SCHED);
	CHECK_OK(pthread_attr_setinheritsched(a, PTHREAD_EXPLICIT_SCHED));
	CHECK_OK(pthread_attr_getinheritsched(a, &v));
	CHECK_EQ(v, PTHREAD_EXPLICIT_SCHED);
	CHECK_RC(pthread_attr_setinheritsched(a, 17), EINVAL);

	CHECK_OK(pthread_attr_getschedpolicy(a, &v));
	CHECK_EQ(v, SCHED_OTHER);
	CHECK_OK(pthread_attr_setschedpolicy(a, SCHED_RR));
	CHECK_OK(pthread_attr_getschedpolicy(a, &v));
	CHECK_EQ(v, SCHED_RR);
	CHECK_RC(pthread_attr_setschedpolicy(a, 17), EINVAL);

	CHECK_OK(pthread_attr_setschedparam(a, &param));
	param.sched_priority = 0;
	CHECK_OK(pthread_attr_getschedparam(a, &param));
	CHECK_EQ(param.sched_priority, 7);
	param.sched_priority = 1000;
	CHECK_RC(pthread_attr_setschedparam(a, &param), EINVAL);

	CHECK_OK(pthread_attr_getscope(a, &v));
	CHECK_EQ(v, PTHREAD_SCOPE_SYSTEM);
	CHECK_OK(pthread_attr_setscope(a, PTHREAD_SCOPE_SYSTEM));
	CHECK_RC(pthread_attr_setscope(a, PTHREAD_SCOPE_PROCESS), ENOTSUP);
	CHECK_RC(pthread_attr_setscope(a, 17), EINVAL);
}

/* POSIX: setstacksize shall fail with EINVAL below PTHREAD_STACK_MIN. */
static void check_sizes(pthread_attr_t *a)
{
	struct rlimit limit;
	size_t v;

	CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
	CHECK_OK(pthread_attr_getstacksize(a, &v));
	if (limit.rlim_cur != RLIM_INFINITY)
		CHECK_EQ(v, limit.rlim_cur);
	CHECK_OK(pthread_attr_setstacksize(a, PTHREAD_STACK_MIN));
	CHECK_OK(pthread_attr_getstacksize(a, &v));
	CHECK_EQ(v, PTHREAD_STACK_MIN);
	CHECK_RC(pthread_attr_setstacksize(a, PTHREAD_STACK_MIN - 1), EINVAL);
	CHECK_RC(pthread_attr_setstacksize(a, 0), EINVAL);
	CHECK_OK(pthread_attr_setstacksize(a, 234567));
	CHECK_OK(pthread_attr_getstacksize(a, &v));
	CHECK_EQ(v, 234567);

	CHECK_OK(pthread_attr_getguardsize(a, &v));
	CHECK_EQ(v, sysconf(_SC_PAGESIZE));
	CHECK_OK(pthread_attr_setguardsize(a, 0));
	CHECK_OK(pthread_attr_getguardsize(a, &v));
	CHECK_EQ(v, 0);
	/* It returns what was set, not what it is rounded to. */
	CHECK_OK(pthread_attr_setguardsize(a, 5000));
	CHECK_OK(pthread_attr_getguardsize(a, &v));
	CHECK_EQ(v, 5000);
}

int main(void)
{
	pthread_attr_t a;

	CHECK(PTHREAD_STACK_MIN >= 16384);
	CHECK_OK(pthread_attr_init(&a));
	check_detachstate(&a);
	check_scheduling(&a);
	check_sizes(&a);
	CHECK_OK(pthread_attr_destroy(&a));
	puts("attributes kept");
	return 0;
}
