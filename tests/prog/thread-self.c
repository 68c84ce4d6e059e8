/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_self is stable in a thread and differs between live threads. */
#include "check.h"

#define COUNT 64

static pthread_barrier_t all;
static pthread_t self[COUNT];

static void *start(void *arg)
{
	pthread_t *slot = arg;

	*slot = pthread_self();
	pthread_barrier_wait(&all);
	for (int i = 0; i < 20; i++) {
		CHECK(pthread_equal(*slot, pthread_self()));
		sched_yield();
	}
	usleep(1000);
	CHECK(pthread_equal(*slot, pthread_self()));
	return NULL;
}

int main(void)
{
	pthread_t t[COUNT], me = pthread_self();

	CHECK_OK(pthread_barrier_init(&all, NULL, COUNT + 1));
	for (int i = 0; i < COUNT; i++)
		t[i] = check_spawn(start, &self[i]);
	pthread_barrier_wait(&all);
	for (int i = 0; i < COUNT; i++) {
		/* What create stored is what the thread sees of itself. */
		CHECK(pthread_equal(t[i], self[i]));
		CHECK(!pthread_equal(t[i], me));
		for (int j = 0; j < i; j++)
			CHECK(!pthread_equal(t[i], t[j]));
	}
	for (int i = 0; i < COUNT; i++)
		check_join(t[i]);
	CHECK(pthread_equal(me, pthread_self()));
	CHECK_OK(pthread_barrier_destroy(&all));
	printf("%d threads, all different\n", COUNT);
	return 0;
}
