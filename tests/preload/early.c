/* SPDX-License-Identifier: BSD-2-Clause */
/* A library whose constructor creates a thread, which answers calls. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

int early_answer(int n);

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static sem_t asked, answered;
static int number;

static void *answers(void *arg)
{
	for (;;) {
		sem_wait(&asked);
		number++;
		sem_post(&answered);
	}
	return arg;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t t;

	if (sem_init(&asked, 0, 0) || sem_init(&answered, 0, 0) ||
	    pthread_create(&t, NULL, answers, NULL))
		abort();
	if (early_answer(1) != 2)
		abort();
}

int early_answer(int n)
{
	pthread_mutex_lock(&one);
	number = n;
	sem_post(&asked);
	sem_wait(&answered);
	n = number;
	pthread_mutex_unlock(&one);
	return n;
}
