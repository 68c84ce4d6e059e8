/* SPDX-License-Identifier: BSD-2-Clause */
/* Run queues: order, overflow, and that nothing is lost or doubled. */
#include "config.h"

#include "sched/runq.h"

#include <pthread.h>
#include <string.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "fiber/fiber.h"
#include "unit.h"

enum { ITEMS = 1 << 16, ROUNDS = 16, THIEVES = 3 };

static struct zag_fiber items[ITEMS];
static _Atomic uint32_t taken[ITEMS];
static struct zag_runq q, other;

static int index_of(const struct zag_fiber *f)
{
	return f ? (int)(f - items) : -1;
}

START_TEST(first_in_first_out)
{
	ck_assert_ptr_null(zag_runq_get(&q));
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 200; i++)
			zag_runq_put(&q, &items[i]);
		ck_assert_uint_eq(zag_runq_length(&q), 200);
		for (int i = 0; i < 200; i++)
			ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
		ck_assert_ptr_null(zag_runq_get(&q));
	}
}
END_TEST

START_TEST(next_is_before_all_others)
{
	zag_runq_put(&q, &items[0]);
	zag_runq_put_next(&q, &items[1], 0);
	zag_runq_put_next(&q, &items[2], 0); /* 1 goes last */
	ck_assert_uint_eq(zag_runq_length(&q), 3);
	ck_assert_int_eq(index_of(zag_runq_get_first(&q)), 0);
	ck_assert_int_eq(index_of(zag_runq_get(&q)), 2);
	ck_assert_int_eq(index_of(zag_runq_get(&q)), 1);
	ck_assert_ptr_null(zag_runq_get(&q));
	ck_assert_ptr_null(zag_runq_get_first(&q));
	ck_assert_uint_eq(zag_runq_length(&q), 0);
}
END_TEST

/* The oldest go, and the one that did not fit, in order. */
START_TEST(what_does_not_fit_goes_global)
{
	enum { N = ZAG_RUNQ_SIZE + 1 };
	int gone;

	for (int i = 0; i < N - 1; i++)
		zag_runq_put(&q, &items[i]);
	ck_assert_uint_eq(zag_runq_length(&q), ZAG_RUNQ_SIZE);
	ck_assert_uint_eq(zag_globq_length(), 0);
	zag_runq_put(&q, &items[N - 1]);
	gone = (int)zag_globq_length() - 1;
	ck_assert_int_gt(gone, 0);
	ck_assert_uint_eq(zag_runq_length(&q), ZAG_RUNQ_SIZE - gone);
	for (int i = gone; i < ZAG_RUNQ_SIZE; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
	for (int i = 0; i < gone; i++)
		ck_assert_int_eq(index_of(zag_globq_get(NULL, 1)), i);
	ck_assert_int_eq(index_of(zag_globq_get(NULL, 1)), N - 1);
	ck_assert_ptr_null(zag_globq_get(NULL, 1));
}
END_TEST

START_TEST(global_queue_gives_batches)
{
	struct zag_fiber *f;

	for (int i = 0; i < 10; i++)
		zag_globq_put(&items[i]);
	items[10].next = &items[11];
	zag_globq_put_list(&items[10], &items[11], 2);
	ck_assert_uint_eq(zag_globq_length(), 12);
	f = zag_globq_get(&q, 4);
	ck_assert_int_eq(index_of(f), 0);
	ck_assert_uint_eq(zag_runq_length(&q), 3);
	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
	ck_assert_int_eq(index_of(zag_globq_get(&q, 100)), 4);
	for (int i = 5; i < 12; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
	ck_assert_uint_eq(zag_globq_length(), 0);
	zag_globq_put(&items[0]);
	zag_globq_reset();
	ck_assert_ptr_null(zag_globq_get(NULL, 1));
}
END_TEST

START_TEST(a_thief_takes_half)
{
	for (int i = 0; i < 9; i++)
		zag_runq_put(&q, &items[i]);
	/* The last of its half is what it runs; the rest is in its queue. */
	ck_assert_int_eq(index_of(zag_runq_steal(&other, &q, 0)), 4);
	ck_assert_uint_eq(zag_runq_length(&other), 4);
	ck_assert_uint_eq(zag_runq_length(&q), 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&other)), i);
	for (int i = 5; i < 9; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
	ck_assert_ptr_null(zag_runq_steal(&other, &q, 0));
}
END_TEST

START_TEST(next_is_stolen_last_and_late)
{
	zag_runq_put_next(&q, &items[0], zag_arch_ticks());
	zag_runq_put(&q, &items[1]);
	ck_assert_int_eq(index_of(zag_runq_steal(&other, &q, 0)), 1);
	ck_assert_ptr_null(zag_runq_steal(&other, &q, UINT64_MAX));
	ck_assert_ptr_null(zag_runq_steal(&other, &q, (uint64_t)1 << 50));
	ck_assert_int_eq(index_of(zag_runq_steal(&other, &q, 0)), 0);
	ck_assert_ptr_null(zag_runq_get(&q));
}
END_TEST

/* --- owner and thieves -------------------------------------------------- */

static _Atomic uint32_t left; /* items of this round not yet taken */
static _Atomic bool stop;

static void take(struct zag_fiber *f)
{
	zag_add(&taken[f - items], 1);
	zag_sub(&left, 1);
}

static void drain(struct zag_runq *own)
{
	struct zag_fiber *f;

	while ((f = zag_runq_get(own)))
		take(f);
}

static void *thief(void *arg)
{
	struct zag_runq own = { 0 };
	uint64_t seed = *(uint64_t *)arg;

	while (!zag_load_acq(&stop)) {
		struct zag_fiber *f = unit_random(&seed) % 4 ?
			zag_runq_steal(&own, &q, 0) :
			zag_globq_get(&own, unit_random(&seed) % 200);

		if (f)
			take(f);
		drain(&own);
	}
	return NULL;
}

/* Put all items, in bursts that overflow; take some itself. */
static void work(uint64_t *seed)
{
	int i = 0;

	while (i < ITEMS) {
		int burst = (int)(unit_random(seed) % (2 * ZAG_RUNQ_SIZE));

		for (; burst && i < ITEMS; burst--, i++) {
			if (unit_random(seed) % 4)
				zag_runq_put(&q, &items[i]);
			else
				zag_runq_put_next(&q, &items[i], 1);
		}
		for (burst = (int)(unit_random(seed) % ZAG_RUNQ_SIZE);
		     burst; burst--) {
			struct zag_fiber *f = unit_random(seed) % 2 ?
				zag_runq_get(&q) : zag_runq_get_first(&q);

			if (f)
				take(f);
		}
	}
	while (zag_load_acq(&left)) {
		struct zag_fiber *f = zag_globq_get(&q, 64);

		if (f)
			take(f);
		drain(&q);
	}
}

START_TEST(every_item_exactly_once)
{
	pthread_t t[THIEVES];
	uint64_t seeds[THIEVES], seed = unit_seed();
	int wrong = 0;

	for (int i = 0; i < THIEVES; i++) {
		seeds[i] = seed + 2 * (uint64_t)i + 2;
		pthread_create(&t[i], NULL, thief, &seeds[i]);
	}
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		zag_store_rel(&left, ITEMS);
		work(&seed);
		for (int i = 0; i < ITEMS; i++)
			wrong += zag_load_rlx(&taken[i]) != round;
	}
	zag_store_rel(&stop, true);
	for (int i = 0; i < THIEVES; i++)
		pthread_join(t[i], NULL);
	ck_assert_int_eq(wrong, 0);
	ck_assert_ptr_null(zag_runq_get(&q));
	ck_assert_uint_eq(zag_globq_length(), 0);
}
END_TEST

/* The indices are 32 bits wide and wrap. */
START_TEST(indices_wrap)
{
	zag_store_rlx(&q.head, UINT32_MAX - 99);
	zag_store_rlx(&q.tail, UINT32_MAX - 99);
	for (int i = 0; i < 200; i++)
		zag_runq_put(&q, &items[i]);
	ck_assert_uint_eq(zag_runq_length(&q), 200);
	ck_assert_int_eq(index_of(zag_runq_steal(&other, &q, 0)), 99);
	for (int i = 100; i < 200; i++)
		ck_assert_int_eq(index_of(zag_runq_get(&q)), i);
	ck_assert_ptr_null(zag_runq_get(&q));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("runq");

	tcase_add_test(c, first_in_first_out);
	tcase_add_test(c, next_is_before_all_others);
	tcase_add_test(c, what_does_not_fit_goes_global);
	tcase_add_test(c, global_queue_gives_batches);
	tcase_add_test(c, a_thief_takes_half);
	tcase_add_test(c, next_is_stolen_last_and_late);
	tcase_add_test(c, every_item_exactly_once);
	tcase_add_test(c, indices_wrap);
	return unit_run("runq", c);
}
