/* SPDX-License-Identifier: BSD-2-Clause */
/* errno is the thread's own and survives whatever others do to theirs. */
#include "check.h"

#include <fcntl.h>

#define THREADS 50

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *start(void *arg)
{
	int *address = &errno, me = (int)(long)arg;
	char c;

	CHECK_EQ(errno, 0);
	for (int i = 0; i < 30; i++) {
		/* A failing call sets it. */
		errno = 0;
		if (i % 2) {
			CHECK_ERRNO(read(-1, &c, 1), EBADF);
			errno = EBADF;
		} else {
			CHECK_ERRNO(open("/nonexistent", O_RDONLY), ENOENT);
			errno = ENOENT;
		}
		sched_yield();
		if (errno != (i % 2 ? EBADF : ENOENT))
			check_fail("errno became %d", errno);
		/* pthread functions "shall not" use it; success keeps it. */
		errno = 1000 + me;
		pthread_mutex_lock(&lock);
		usleep(0);
		pthread_mutex_unlock(&lock);
		if (errno != 1000 + me)
			check_fail("errno became %d", errno);
		if (&errno != address)
			check_fail("errno moved");
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	errno = EPIPE;
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(start, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	if (errno != EPIPE)
		check_fail("main's errno became %d", errno);
	puts("errno kept");
	return 0;
}
