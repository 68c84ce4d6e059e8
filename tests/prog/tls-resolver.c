/* SPDX-License-Identifier: BSD-2-Clause */
/* h_errno and the resolver state _res are each thread's own. */
#include "check.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#define THREADS 30

static void *seen[THREADS];
static pthread_barrier_t all;

static void *start(void *arg)
{
	long me = (long)arg;
	int *herr = &h_errno;

	seen[me] = &_res;
	CHECK(seen[me] != NULL);
	h_errno = (int)me;
	_res.retry = (int)me + 1;
	pthread_barrier_wait(&all);
	for (int i = 0; i < 20; i++) {
		struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;

		sched_yield();
		CHECK_EQ(h_errno, me);
		CHECK(&h_errno == herr);
		CHECK(&_res == seen[me]);
		CHECK_EQ(_res.retry, me + 1);
		if (i % 10)
			continue;
		CHECK_EQ(getaddrinfo("::1", NULL, &hints, &found), 0);
		freeaddrinfo(found);
		CHECK_EQ(getaddrinfo("not a number", NULL, &hints, &found),
			 EAI_NONAME);
		h_errno = (int)me;
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	CHECK_OK(pthread_barrier_init(&all, NULL, THREADS));
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	/* They were alive at once: the addresses must differ. */
	for (int i = 0; i < THREADS; i++) {
		CHECK(seen[i] != (void *)&_res);
		for (int j = 0; j < i; j++)
			CHECK(seen[i] != seen[j]);
	}
	puts("resolver states kept");
	return 0;
}
