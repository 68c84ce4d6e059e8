/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_setname_np and pthread_getname_np: 15 characters, ERANGE. */
#include "check.h"

static pthread_barrier_t step;

static void check_name(pthread_t t, const char *want)
{
	char name[16];

	CHECK_OK(pthread_getname_np(t, name, sizeof name));
	if (strcmp(name, want) != 0)
		check_fail("the name is %s, not %s", name, want);
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
	puts("names kept");
	return 0;
}
