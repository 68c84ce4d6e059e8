/* SPDX-License-Identifier: BSD-2-Clause */
/* Each of many threads reads back its own values while they all yield. */
#include "check.h"

#define THREADS 100
#define KEYS 40		/* past the 32 that glibc keeps in the TCB itself */
#define ROUNDS 50

static pthread_key_t key[KEYS];
static int destroyed;

static void destroy(void *value)
{
	free(value);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void *start(void *arg)
{
	long me = (long)arg;

	for (int k = 0; k < KEYS; k++) {
		long *value = malloc(sizeof *value);

		CHECK(value != NULL);
		*value = me * KEYS + k;
		CHECK_OK(pthread_setspecific(key[k], value));
	}
	for (int round = 0; round < ROUNDS; round++) {
		sched_yield();
		for (int k = 0; k < KEYS; k++)
			CHECK_EQ(*(long *)pthread_getspecific(key[k]),
				 me * KEYS + k);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (int k = 0; k < KEYS; k++)
		CHECK_OK(pthread_key_create(&key[k], destroy));
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(destroyed, THREADS * KEYS);
	printf("%d values destroyed\n", destroyed);
	return 0;
}
