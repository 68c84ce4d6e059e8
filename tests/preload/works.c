/* SPDX-License-Identifier: BSD-2-Clause */
/* A library with a thread, which it cancels and waits for when unloaded. */
#include <pthread.h>
#include <stdlib.h>

void works_begin(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wanted = PTHREAD_COND_INITIALIZER;
static pthread_t worker;

static void unlock(void *arg)
{
	(void)arg;
	pthread_mutex_unlock(&lock);
}

static void *works(void *arg)
{
	pthread_mutex_lock(&lock);
	pthread_cleanup_push(unlock, NULL);
	for (;;)
		pthread_cond_wait(&wanted, &lock);
	pthread_cleanup_pop(1);
	return arg;
}

void works_begin(void)
{
	if (pthread_create(&worker, NULL, works, NULL))
		abort();
}

/* The loader's lock is held. */
__attribute__((destructor)) static void works_end(void)
{
	void *result;

	if (pthread_cancel(worker) || pthread_join(worker, &result) ||
	    result != PTHREAD_CANCELED)
		abort();
}
