/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of stuck share. */
#ifndef TESTS_OBS_STUCK_H
#define TESTS_OBS_STUCK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

enum { MS = 500 };

struct stuck_case {
	const char *name; /* NULL: the last */
	void (*fn)(void);
};

/* woken.c: threads that wait, and something will wake them. */
extern const struct stuck_case woken_cases[];
void block_signal(void); /* before "sigwait", while there is one thread */

extern pthread_mutex_t a;
extern sem_t sem; /* nobody has posted it yet */
extern int ends[2]; /* of a pipe */

static inline pthread_t spawn(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg))
		exit(1);
	return t;
}

static inline void nap(void)
{
	usleep(MS * 1000);
}

#endif
