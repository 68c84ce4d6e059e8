/* SPDX-License-Identifier: BSD-2-Clause */
/* A condition variable destroyed and freed right after the broadcast. */
#include "check.h"

#define WAITERS 4
#define ROUNDS 500

struct gate {
	pthread_mutex_t m;
	pthread_cond_t c;
	pthread_cond_t all_in;
	int open, inside;
};

static void *waits(void *arg)
{
	struct gate *g = arg;

	CHECK_OK(pthread_mutex_lock(&g->m));
	if (++g->inside == WAITERS)
		CHECK_OK(pthread_cond_signal(&g->all_in));
	while (!g->open)
		CHECK_OK(pthread_cond_wait(&g->c, &g->m));
	CHECK_OK(pthread_mutex_unlock(&g->m));
	return NULL;
}

/*
 * POSIX pthread_cond_destroy(): "a condition variable can be destroyed
 * immediately after all the threads that are blocked on it are awakened",
 * that is, while they are still on their way out of the wait.
 */
static void run(void)
{
	struct gate *g = malloc(sizeof *g);
	pthread_t t[WAITERS];

	CHECK(g != NULL);
	CHECK_OK(pthread_mutex_init(&g->m, NULL));
	CHECK_OK(pthread_cond_init(&g->c, NULL));
	CHECK_OK(pthread_cond_init(&g->all_in, NULL));
	g->open = g->inside = 0;
	for (int i = 0; i < WAITERS; i++)
		t[i] = check_spawn(waits, g);
	CHECK_OK(pthread_mutex_lock(&g->m));
	while (g->inside < WAITERS)
		CHECK_OK(pthread_cond_wait(&g->all_in, &g->m));
	g->open = 1;
	CHECK_OK(pthread_cond_broadcast(&g->c));
	CHECK_OK(pthread_mutex_unlock(&g->m));
	CHECK_OK(pthread_cond_destroy(&g->c));
	memset(&g->c, 0xff, sizeof g->c);
	for (int i = 0; i < WAITERS; i++)
		check_join(t[i]);
	CHECK_OK(pthread_cond_destroy(&g->all_in));
	CHECK_OK(pthread_mutex_destroy(&g->m));
	free(g);
}

int main(void)
{
	for (int i = 0; i < ROUNDS; i++)
		run();
	printf("%d gates\n", ROUNDS);
	return 0;
}
