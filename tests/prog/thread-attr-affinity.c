/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU sets: in an attribute, and of a thread. */
#include "check.h"

static void *start(void *arg)
{
	cpu_set_t set, *want = arg;

	CHECK_OK(pthread_getaffinity_np(pthread_self(), sizeof set, &set));
	CHECK(CPU_EQUAL(&set, want));
	return NULL;
}

int main(void)
{
	cpu_set_t mine, set;
	pthread_attr_t a;
	pthread_t t;
	int cpu = 0;

	CHECK_OK(pthread_getaffinity_np(pthread_self(), sizeof mine, &mine));
	CHECK(CPU_COUNT(&mine) >= 1);

	/* Without one set, an attribute has them all. */
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_getaffinity_np(&a, sizeof set, &set));
	CHECK_EQ(CPU_COUNT(&set), CPU_SETSIZE);

	/* A new thread has what its creator has. */
	check_join(check_spawn(start, &mine));

	while (!CPU_ISSET(cpu, &mine))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_OK(pthread_attr_setaffinity_np(&a, sizeof set, &set));
	CPU_ZERO(&set);
	CHECK_OK(pthread_attr_getaffinity_np(&a, sizeof set, &set));
	CHECK_EQ(CPU_COUNT(&set), 1);
	CHECK(CPU_ISSET(cpu, &set));
	CHECK_OK(pthread_create(&t, &a, start, &set));
	check_join(t);
	CHECK_OK(pthread_attr_destroy(&a));

	/* Ours did not change by that; setting it reads back. */
	check_join(check_spawn(start, &mine));
	CHECK_OK(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
	check_join(check_spawn(start, &set));
	CPU_ZERO(&set);
	CHECK_RC(pthread_setaffinity_np(pthread_self(), sizeof set, &set),
		 EINVAL);
	puts("CPU sets kept");
	return 0;
}
