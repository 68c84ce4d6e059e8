/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stuck NAME: threads that wait for each other for ever, each kind of it.
 * stuck NAME, of the second table: threads that all wait as well, but something
 * will wake them after half a second; then it ends with status 0.
 */
#define _GNU_SOURCE
#include "stuck.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t c = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t together;
static pthread_t threads[3];
sem_t sem;
int ends[2];

/* Most programs have a thread that only waits for work. */
static void *idles(void *arg)
{
	pthread_mutex_lock(&c);
	for (;;)
		pthread_cond_wait(&cond, &c);
	return arg;
}

/* --- those that are stuck ----------------------------------------------- */

static void *locks(void *arg)
{
	pthread_mutex_t **m = arg;

	pthread_mutex_lock(m[0]);
	pthread_barrier_wait(&together);
	pthread_mutex_lock(m[1]);
	return NULL;
}

static void cycle(void)
{
	pthread_mutex_t *ab[] = { &a, &b }, *ba[] = { &b, &a };
	pthread_t t = spawn(locks, ab);

	spawn(locks, ba);
	pthread_join(t, NULL);
}

static void no_signal(void)
{
	pthread_join(spawn(idles, NULL), NULL);
}

static void *joins(void *arg)
{
	pthread_barrier_wait(&together);
	pthread_join(threads[(intptr_t)arg], NULL);
	return NULL;
}

static void ring(void)
{
	pthread_barrier_destroy(&together);
	pthread_barrier_init(&together, NULL, 4);
	for (intptr_t i = 0; i < 3; i++)
		threads[i] = spawn(joins, (void *)((i + 1) % 3));
	pthread_barrier_wait(&together);
	pthread_mutex_lock(&a);
	pthread_mutex_lock(&a);
}

static void *reads_lock(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	return arg;
}

static void writer(void)
{
	pthread_rwlock_wrlock(&rwlock);
	pthread_join(spawn(reads_lock, NULL), NULL);
}

static void no_post(void)
{
	spawn(idles, NULL);
	sem_wait(&sem);
}

/* The loader's lock is held. */
static void unload(void)
{
	void *lib = dlopen(getenv("STUCK_LIBRARY"), RTLD_NOW);

	spawn(idles, NULL);
	if (lib)
		dlclose(lib);
}

static const struct stuck_case stuck_cases[] = {
	{ "cycle", cycle },
	{ "cond", no_signal },
	{ "ring", ring },
	{ "writer", writer },
	{ "sem", no_post },
	{ "unload", unload },
	{ NULL, NULL },
};

/* --- both --------------------------------------------------------------- */

static int list(const struct stuck_case *c)
{
	for (; c->name; c++)
		puts(c->name);
	return 0;
}

static const struct stuck_case *find(const struct stuck_case *c,
				     const char *name)
{
	for (; c->name; c++)
		if (!strcmp(name, c->name))
			return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct stuck_case *stuck, *woken;

	if (argc != 2)
		return 2;
	if (!strncmp(argv[1], "--", 2))
		return list(strcmp(argv[1], "--not") ? stuck_cases :
						       woken_cases);
	if (pipe(ends) || sem_init(&sem, 0, 0) ||
	    pthread_barrier_init(&together, NULL, 2))
		return 1;
	stuck = find(stuck_cases, argv[1]);
	woken = find(woken_cases, argv[1]);
	if (!stuck && !woken)
		return 2;
	if (!strcmp(argv[1], "sigwait"))
		block_signal();
	if (woken)
		spawn(idles, NULL);
	(stuck ? stuck : woken)->fn();
	return 0;
}
