/* SPDX-License-Identifier: BSD-2-Clause */
/* What threads have freed is free for others when they have ended. */
#include "check.h"

#include <malloc.h>

enum { THREADS = 500, CHUNKS = 40, STEP = 24, MOST = 2000 /* bytes a thread */ };

static pthread_barrier_t all;

static void *works(void *arg)
{
	void *p[CHUNKS];
	int i;

	for (i = 0; i < CHUNKS; i++)
		CHECK((p[i] = malloc((size_t)STEP * (size_t)(i + 1))) != NULL);
	pthread_barrier_wait(&all);
	for (i = 0; i < CHUNKS; i++)
		free(p[i]);
	return arg;
}

int main(void)
{
	static pthread_t t[THREADS];
	size_t before, after;
	int i;

	CHECK_OK(pthread_barrier_init(&all, NULL, THREADS));
	before = mallinfo2().uordblks;
	for (i = 0; i < THREADS; i++)
		t[i] = check_spawn(works, NULL);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	after = mallinfo2().uordblks;
	CHECK(after < before + (size_t)THREADS * MOST);
	puts("nothing is kept for who has ended");
	return 0;
}
