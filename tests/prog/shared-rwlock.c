/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read-write locks of each preference between the threads of two processes:
 * writers are alone, readers are not, and time-outs leave no trace.
 */
#include "peer.h"

#define THREADS 6
#define TURNS 300

static const int kinds[3] = {
	PTHREAD_RWLOCK_PREFER_READER_NP,
	PTHREAD_RWLOCK_PREFER_WRITER_NP,
	PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP,
};

struct lock {
	pthread_rwlock_t l;
	int readers, writers;
	long written; /* by writers only */
};

struct memory {
	struct lock lock[3];
	int ready; /* of both processes */
};

static struct memory *m;

static void reads(struct lock *k, int i)
{
	struct timespec abs = check_in_ms(CLOCK_MONOTONIC, 30000);

	if (i % 2)
		CHECK_OK(pthread_rwlock_rdlock(&k->l));
	else
		CHECK_OK(pthread_rwlock_clockrdlock(&k->l, CLOCK_MONOTONIC,
						    &abs));
	__atomic_add_fetch(&k->readers, 1, __ATOMIC_SEQ_CST);
	CHECK_EQ(__atomic_load_n(&k->writers, __ATOMIC_SEQ_CST), 0);
	if (i % 40 == 0)
		check_msleep(1);
	__atomic_sub_fetch(&k->readers, 1, __ATOMIC_SEQ_CST);
	CHECK_OK(pthread_rwlock_unlock(&k->l));
}

static void writes(struct lock *k, int i)
{
	struct timespec abs = check_in_ms(CLOCK_REALTIME, 30000);

	if (i % 2)
		CHECK_OK(pthread_rwlock_wrlock(&k->l));
	else
		CHECK_OK(pthread_rwlock_timedwrlock(&k->l, &abs));
	CHECK_EQ(__atomic_add_fetch(&k->writers, 1, __ATOMIC_SEQ_CST), 1);
	CHECK_EQ(__atomic_load_n(&k->readers, __ATOMIC_SEQ_CST), 0);
	k->written++;
	CHECK_RC(pthread_rwlock_wrlock(&k->l), EDEADLK);
	CHECK_RC(pthread_rwlock_rdlock(&k->l), EDEADLK);
	if (i % 40 == 0)
		check_msleep(1);
	__atomic_sub_fetch(&k->writers, 1, __ATOMIC_SEQ_CST);
	CHECK_OK(pthread_rwlock_unlock(&k->l));
}

/* Waits a moment only; counts nothing, as it may come through. */
static void gives_up(struct lock *k, int i)
{
	struct timespec abs = check_in_ms(CLOCK_MONOTONIC, i % 2);
	int err;

	if (i % 4 < 2)
		err = pthread_rwlock_clockwrlock(&k->l, CLOCK_MONOTONIC, &abs);
	else
		err = pthread_rwlock_clockrdlock(&k->l, CLOCK_MONOTONIC, &abs);
	if (err == 0)
		CHECK_OK(pthread_rwlock_unlock(&k->l));
	else
		CHECK_RC(err, ETIMEDOUT);
}

static void *works(void *arg)
{
	int n = (int)(long)arg;

	for (int i = 0; i < TURNS; i++) {
		struct lock *k = &m->lock[i % 3];

		if (n == 0)
			gives_up(k, i / 3);
		else if (n <= 2)
			writes(k, i / 3);
		else
			reads(k, i / 3);
	}
	return NULL;
}

static void init(void *memory)
{
	pthread_rwlockattr_t a;

	m = memory;
	CHECK_OK(pthread_rwlockattr_init(&a));
	CHECK_OK(pthread_rwlockattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(pthread_rwlockattr_setkind_np(&a, kinds[i]));
		CHECK_OK(pthread_rwlock_init(&m->lock[i].l, &a));
	}
	CHECK_OK(pthread_rwlockattr_destroy(&a));
}

static void play(void *memory, int who)
{
	pthread_t t[THREADS];

	(void)who;
	m = memory;
	__atomic_add_fetch(&m->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&m->ready, __ATOMIC_SEQ_CST) < 2)
		sched_yield();
	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(works, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
}

static void judge(void *memory)
{
	m = memory;
	for (int i = 0; i < 3; i++) {
		printf("%ld written\n", m->lock[i].written);
		CHECK_OK(pthread_rwlock_trywrlock(&m->lock[i].l));
		CHECK_OK(pthread_rwlock_unlock(&m->lock[i].l));
		CHECK_OK(pthread_rwlock_tryrdlock(&m->lock[i].l));
		CHECK_OK(pthread_rwlock_unlock(&m->lock[i].l));
		CHECK_OK(pthread_rwlock_destroy(&m->lock[i].l));
	}
}

int main(int argc, char **argv)
{
	const struct peer_game game = { sizeof *m, init, play, judge };

	return peer_main(argc, argv, &game);
}
