/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's own lock, contended by kernel threads. */
#include "config.h"

#include "base/lock.h"

#include <pthread.h>
#include <sched.h>

#include "unit.h"

enum { THREADS = 4, TURNS = 100000 };

static struct zag_lock lock;
static unsigned long shared; /* not atomic: the lock is what keeps it right */

START_TEST(trylock)
{
	ck_assert(zag_trylock(&lock));
	ck_assert(!zag_trylock(&lock));
	zag_unlock(&lock);
	ck_assert(zag_trylock(&lock));
	zag_unlock(&lock);
	ck_assert_uint_eq(zag_load_rlx(&lock.word), 0);
}
END_TEST

static void *count(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		if (i % 3 || !zag_trylock(&lock))
			zag_lock(&lock);
		shared++;
		zag_unlock(&lock);
	}
	return arg;
}

static void *count_slowly(void *arg)
{
	for (int i = 0; i < TURNS / 100; i++) {
		unsigned long before;

		zag_lock(&lock);
		before = shared;
		sched_yield(); /* others run into the lock and sleep */
		shared = before + 1;
		zag_unlock(&lock);
	}
	return arg;
}

static void run_threads(void *(*fn)(void *))
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, fn, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

START_TEST(one_at_a_time)
{
	run_threads(count);
	ck_assert_uint_eq(shared, THREADS * TURNS);
	ck_assert_uint_eq(zag_load_rlx(&lock.word), 0);
}
END_TEST

START_TEST(sleepers_are_woken)
{
	run_threads(count_slowly);
	ck_assert_uint_eq(shared, THREADS * (TURNS / 100));
	ck_assert_uint_eq(zag_load_rlx(&lock.word), 0);
}
END_TEST

/* Every one of several sleepers, though only one is woken by an unlock. */
START_TEST(all_sleepers_get_it)
{
	pthread_t t[THREADS];

	zag_lock(&lock);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, count, NULL);
	usleep(20000);
	ck_assert_uint_eq(shared, 0);
	ck_assert_uint_eq(zag_load_rlx(&lock.word), 2);
	zag_unlock(&lock);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(shared, THREADS * TURNS);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("lock");

	tcase_add_test(c, trylock);
	tcase_add_test(c, one_at_a_time);
	tcase_add_test(c, sleepers_are_woken);
	tcase_add_test(c, all_sleepers_get_it);
	return unit_run("lock", c);
}
