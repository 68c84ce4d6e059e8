/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Robust mutexes between processes: who waits is told when the owner's thread
 * ends, and when its process ends or is killed, whichever side that is.
 */
#include "peer.h"

#include <semaphore.h>

#define MUTEXES 3 /* of each type */
#define ALL (3 * MUTEXES)

static const int types[3] = {
	PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
	PTHREAD_MUTEX_ERRORCHECK,
};

struct memory {
	pthread_mutex_t m[2][ALL]; /* group 0, group 1 */
	sem_t held[2][ALL], waits[2];
	int told[2];
};

struct wait {
	int group, i;
};

static struct memory *s;
static sem_t stay;

/* --- who dies ------------------------------------------------------------ */

static void *takes_and_stays(void *arg)
{
	const int again[3] = { EBUSY, 0, EDEADLK };
	struct wait *w = arg;
	pthread_mutex_t *m = &s->m[w->group][w->i];

	CHECK_OK(pthread_mutex_lock(m));
	CHECK_RC(pthread_mutex_trylock(m), again[w->i / MUTEXES]);
	CHECK_EQ(sem_post(&s->held[w->group][w->i]), 0);
	CHECK_EQ(sem_wait(&stay), 0);
	return arg;
}

/* Owns all mutexes of a group, each by a thread of its own; then is gone. */
static void dies_holding(int group)
{
	struct wait w[ALL];

	CHECK_EQ(sem_init(&stay, 0, 0), 0);
	for (int i = 0; i < ALL; i++) {
		w[i] = (struct wait){ group, i };
		check_spawn(takes_and_stays, &w[i]);
	}
	for (int i = 0; i < ALL; i++)
		CHECK_EQ(sem_wait(&s->waits[group]), 0);
	check_msleep(50); /* most of them wait for the mutex by now */
	if (group == 0)
		_exit(0);
	kill(getpid(), SIGKILL);
}

/* --- who waits ----------------------------------------------------------- */

static void *is_told(void *arg)
{
	struct wait *w = arg;
	pthread_mutex_t *m = &s->m[w->group][w->i];

	CHECK_EQ(sem_wait(&s->held[w->group][w->i]), 0);
	sem_post(&s->waits[w->group]);
	CHECK_RC(pthread_mutex_lock(m), EOWNERDEAD);
	__atomic_add_fetch(&s->told[w->group], 1, __ATOMIC_RELAXED);
	if (w->i % MUTEXES == 0) {
		CHECK_OK(pthread_mutex_unlock(m));
		CHECK_RC(pthread_mutex_lock(m), ENOTRECOVERABLE);
		CHECK_RC(pthread_mutex_trylock(m), ENOTRECOVERABLE);
		return arg;
	}
	CHECK_OK(pthread_mutex_consistent(m));
	CHECK_OK(pthread_mutex_unlock(m));
	CHECK_RC(pthread_mutex_unlock(m), EPERM);
	CHECK_OK(pthread_mutex_lock(m));
	CHECK_OK(pthread_mutex_unlock(m));
	return arg;
}

static void waits_for_all(int group)
{
	struct wait w[ALL];
	pthread_t t[ALL];

	for (int i = 0; i < ALL; i++) {
		w[i] = (struct wait){ group, i };
		t[i] = check_spawn(is_told, &w[i]);
	}
	for (int i = 0; i < ALL; i++)
		check_join(t[i]);
}

/* --- the two ------------------------------------------------------------- */

static void init(void *memory)
{
	pthread_mutexattr_t a;

	s = memory;
	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST));
	for (int i = 0; i < 2 * ALL; i++) {
		CHECK_OK(pthread_mutexattr_settype(&a, types[i % ALL / MUTEXES]));
		CHECK_OK(pthread_mutex_init(&s->m[i / ALL][i % ALL], &a));
		CHECK_EQ(sem_init(&s->held[i / ALL][i % ALL], 1, 0), 0);
	}
	CHECK_OK(pthread_mutexattr_destroy(&a));
	CHECK_EQ(sem_init(&s->waits[0], 1, 0), 0);
	CHECK_EQ(sem_init(&s->waits[1], 1, 0), 0);
}

/* First the second one waits for a child of the first, then the first for a
 * child of the second. */
static void play(void *memory, int who)
{
	int status;
	pid_t pid;

	s = memory;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		dies_holding(who);
	waits_for_all(!who);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, who == 0 ? 0 : SIGKILL);
}

static void judge(void *memory)
{
	s = memory;
	printf("told %d and %d times\n", s->told[0], s->told[1]);
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *s, init, play, judge };

	return peer_main(argc, argv, &game);
}
