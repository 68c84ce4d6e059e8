/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_getattr_np of another thread; its policy, guard and state. */
#include "check.h"

#include <stdint.h>

static pthread_barrier_t ready, done;
static char *address_of_local;

static void *start(void *arg)
{
	char local[64];

	address_of_local = local;
	__asm__ volatile("" : : "r"(local) : "memory");
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&done);
	return arg;
}

int main(void)
{
	pthread_attr_t a;
	struct sched_param param;
	size_t size, guard;
	void *addr;
	pthread_t t;
	int v;

	CHECK_OK(pthread_barrier_init(&ready, NULL, 2));
	CHECK_OK(pthread_barrier_init(&done, NULL, 2));
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, 256 * 1024));
	CHECK_OK(pthread_attr_setguardsize(&a, 4 * 4096));
	CHECK_OK(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
	CHECK_OK(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_JOINABLE));
	CHECK_OK(pthread_create(&t, &a, start, NULL));
	CHECK_OK(pthread_attr_destroy(&a));
	pthread_barrier_wait(&ready);

	CHECK_OK(pthread_getattr_np(t, &a));
	CHECK_OK(pthread_attr_getstack(&a, &addr, &size));
	CHECK((uintptr_t)address_of_local - (uintptr_t)addr < size);
	CHECK(size >= 256 * 1024 - 4 * 4096);
	CHECK_OK(pthread_attr_getguardsize(&a, &guard));
	CHECK_EQ(guard, 4 * 4096);
	CHECK_OK(pthread_attr_getdetachstate(&a, &v));
	CHECK_EQ(v, PTHREAD_CREATE_JOINABLE);
	CHECK_OK(pthread_attr_getschedpolicy(&a, &v));
	CHECK_EQ(v, SCHED_OTHER);
	CHECK_OK(pthread_attr_getschedparam(&a, &param));
	CHECK_EQ(param.sched_priority, 0);
	CHECK_OK(pthread_attr_destroy(&a));

	CHECK_OK(pthread_detach(t));
	CHECK_OK(pthread_getattr_np(t, &a));
	CHECK_OK(pthread_attr_getdetachstate(&a, &v));
	CHECK_EQ(v, PTHREAD_CREATE_DETACHED);
	CHECK_OK(pthread_attr_destroy(&a));
	pthread_barrier_wait(&done);
	puts("attributes of another thread read");
	return 0;
}
