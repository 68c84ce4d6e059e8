/* SPDX-License-Identifier: BSD-2-Clause */
/* The parking lot: who is woken, in which order, and nobody twice. */
#include "config.h"

#include "wait/lot.h"

#include <errno.h>
#include <string.h>

#include "base/raw.h"
#include "runtime.h"
#include "unit.h"

static _Atomic uint32_t word;

static void boot(int i)
{
	runtime_boot(RUNTIME_SIZE(i));
}

/* --- before there is a runtime ------------------------------------------ */

START_TEST(a_wait_that_need_not_be)
{
	ck_assert_int_eq(zag_lot_wait(&word, 1, ZAG_NEVER), -EAGAIN);
	ck_assert_int_eq(zag_lot_wake(&word, 5), 0);
}
END_TEST

START_TEST(a_native_timeout)
{
	zag_time begin = zag_now();

	ck_assert_int_eq(zag_lot_wait(&word, 0, begin + 20 * MS), -ETIMEDOUT);
	ck_assert_int_ge(zag_now() - begin, 20 * MS);
	ck_assert_int_eq(zag_lot_wait(&word, 0, begin), -ETIMEDOUT);
	ck_assert_int_eq(zag_lot_wait(&word, 0, -5), -ETIMEDOUT);
	ck_assert_int_eq(zag_lot_wake(&word, 1), 0);
}
END_TEST

/* --- waiters ------------------------------------------------------------ */

enum { WAITERS = 12 };

static _Atomic uint32_t waiting, woken;
static int order[WAITERS], order_count;

static void *wait_once(void *arg)
{
	zag_add(&waiting, 1);
	zag_lot_wait(&word, 0, ZAG_NEVER);
	zag_add(&woken, 1);
	return arg;
}

static void *wait_in_order(void *arg)
{
	zag_lot_wait(&word, 0, ZAG_NEVER);
	order[order_count++] = (int)(long)arg;
	return NULL;
}

START_TEST(first_come_first_served)
{
	struct zag_fiber *f[WAITERS];

	boot(0);
	for (long i = 0; i < WAITERS; i++) {
		f[i] = runtime_start(wait_in_order, (void *)i);
		zag_yield();
	}
	for (int i = 0; i < WAITERS; i++) {
		ck_assert_int_eq(zag_lot_wake(&word, 1), 1);
		zag_sleep_until(zag_now() + MS / 10);
	}
	ck_assert_int_eq(zag_lot_wake(&word, 1), 0);
	for (int i = 0; i < WAITERS; i++) {
		runtime_join(f[i]);
		ck_assert_int_eq(order[i], i);
	}
}
END_TEST

/* All have begun to wait; the last is about to sleep. */
static void until_waiting(uint32_t n)
{
	while (zag_load_acq(&waiting) < n)
		zag_yield();
	zag_sleep_until(zag_now() + 20 * MS);
}

START_TEST(so_many_and_no_more)
{
	struct zag_fiber *f[WAITERS];

	boot(_i);
	for (int i = 0; i < WAITERS; i++)
		f[i] = runtime_start(wait_once, NULL);
	until_waiting(WAITERS);
	ck_assert_int_eq(zag_lot_wake(&word, 0), 0);
	ck_assert_int_eq(zag_lot_wake(&word, 3), 3);
	ck_assert_int_eq(zag_lot_wake(&waiting, 100), 0); /* another key */
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_uint_eq(zag_load_acq(&woken), 3);
	ck_assert_int_eq(zag_lot_wake(&word, 1000), WAITERS - 3);
	for (int i = 0; i < WAITERS; i++)
		runtime_join(f[i]);
}
END_TEST

START_TEST(fibers_and_threads_wait_together)
{
	struct zag_fiber *f[WAITERS / 2];
	pthread_t t[WAITERS / 2];

	boot(_i);
	for (int i = 0; i < WAITERS / 2; i++) {
		f[i] = runtime_start(wait_once, NULL);
		pthread_create(&t[i], NULL, wait_once, NULL);
	}
	until_waiting(WAITERS);
	for (int n = WAITERS; n > 0; n -= 4)
		ck_assert_int_eq(zag_lot_wake(&word, 4), 4);
	for (int i = 0; i < WAITERS / 2; i++) {
		runtime_join(f[i]);
		pthread_join(t[i], NULL);
	}
	ck_assert_uint_eq(zag_load_acq(&woken), WAITERS);
}
END_TEST

static void *wait_for_bits(void *arg)
{
	zag_add(&waiting, 1);
	zag_lot_wait_bits(&word, 0, (uint32_t)(uintptr_t)arg, ZAG_NEVER);
	zag_add(&woken, 1);
	return NULL;
}

START_TEST(bits_choose)
{
	struct zag_fiber *f[4];

	boot(_i);
	for (uintptr_t i = 0; i < 4; i++)
		f[i] = runtime_start(wait_for_bits, (void *)((i & 1) + 1));
	until_waiting(4);
	ck_assert_int_eq(zag_lot_wake_bits(&word, 100, 4), 0);
	ck_assert_int_eq(zag_lot_wake_bits(&word, 1, 2), 1);
	ck_assert_int_eq(zag_lot_wake_bits(&word, 100, 2), 1);
	ck_assert_int_eq(zag_lot_wake_bits(&word, 100, 2), 0);
	ck_assert_int_eq(zag_lot_wake(&word, 1), 1);
	ck_assert_int_eq(zag_lot_wake_bits(&word, 100, 3), 1);
	for (int i = 0; i < 4; i++)
		runtime_join(f[i]);
}
END_TEST

/* --- callbacks ---------------------------------------------------------- */

struct told {
	int validated, before, after, woken;
	bool more, refuse;
};

static bool validate(void *arg)
{
	struct told *t = arg;

	t->validated++;
	return !t->refuse;
}

static void before_sleep(void *arg)
{
	struct told *t = arg;

	t->before++;
	zag_lot_wake(&waiting, 1); /* the lot may be called here */
}

static const struct zag_lot_ops ops = {
	.validate = validate,
	.before_sleep = before_sleep,
};

static void after(void *arg, int n, bool more)
{
	struct told *t = arg;

	t->after++;
	t->woken = n;
	t->more = more;
}

static void *park(void *arg)
{
	zag_add(&waiting, 1);
	return (void *)(long)zag_lot_park(&word, &ops, arg, ZAG_NEVER);
}

START_TEST(callbacks_are_called)
{
	struct told t = { 0 }, u = { 0 };
	struct zag_fiber *f[3];

	boot(_i);
	t.refuse = true;
	ck_assert_int_eq(zag_lot_park(&word, &ops, &t, ZAG_NEVER), -EAGAIN);
	ck_assert_int_eq(t.validated, 1);
	ck_assert_int_eq(t.before, 0);
	ck_assert_int_eq(zag_lot_unpark(&word, 1, after, &u), 0);
	ck_assert(u.after == 1 && u.woken == 0 && !u.more);
	ck_assert_int_eq(zag_lot_park(&word, NULL, NULL, zag_now() + MS),
			 -ETIMEDOUT);
	t.refuse = false;
	for (int i = 0; i < 3; i++) {
		f[i] = runtime_start(park, &t);
		until_waiting((uint32_t)i + 1);
	}
	ck_assert_int_eq(t.before, 3);
	ck_assert_int_eq(zag_lot_unpark(&word, 2, after, &u), 2);
	ck_assert(u.after == 2 && u.woken == 2 && u.more);
	ck_assert_int_eq(zag_lot_unpark(&word, 2, after, &u), 1);
	ck_assert(u.woken == 1 && !u.more);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
}
END_TEST

/* --- timeouts race wake-ups --------------------------------------------- */

enum { RACERS = 8, RACES = 2000 };

static _Atomic uint32_t by_wake, by_timeout, racers_left, wakes;
static uint64_t seed;

static void *racer(void *arg)
{
	uint64_t r = seed + 2 * (uint64_t)(uintptr_t)arg;
	int err;

	for (int i = 0; i < RACES; i++) {
		zag_time at = zag_now() + unit_random(&r) % 30000;

		err = zag_lot_wait(&word, 0, at);
		if (!err)
			zag_add(&by_wake, 1);
		else if (err == -ETIMEDOUT && zag_now() >= at)
			zag_add(&by_timeout, 1);
	}
	zag_sub(&racers_left, 1);
	return NULL;
}

START_TEST(a_wait_ends_once)
{
	struct zag_fiber *f[RACERS];
	pthread_t t;

	seed = unit_seed();
	boot(_i);
	zag_store_rel(&racers_left, RACERS + 1);
	for (uintptr_t i = 0; i < RACERS; i++)
		f[i] = runtime_start(racer, (void *)i);
	pthread_create(&t, NULL, racer, (void *)(RACERS + 1));
	while (zag_load_acq(&racers_left)) {
		zag_add(&wakes, (uint32_t)zag_lot_wake(&word, 2));
		zag_sleep_until(zag_now() + unit_random(&seed) % 20000);
	}
	for (int i = 0; i < RACERS; i++)
		runtime_join(f[i]);
	pthread_join(t, NULL);
	ck_assert_uint_eq(zag_load_acq(&by_wake), zag_load_acq(&wakes));
	ck_assert_uint_eq(zag_load_acq(&by_wake) + zag_load_acq(&by_timeout),
			  (RACERS + 1) * RACES);
	ck_assert_int_eq(zag_lot_wake(&word, 1000), 0);
}
END_TEST

/* --- from one queue to another ------------------------------------------ */

static _Atomic uint32_t to[64];

static void *wait_moved(void *arg)
{
	int r = zag_lot_wait(&word, 0, zag_now() + 2000 * MS);

	ck_assert_int_eq(r, 0);
	zag_add(&woken, 1);
	return arg;
}

static void *wait_shortly(void *arg)
{
	long r;

	do
		r = zag_lot_wait(&word, 0, zag_now() + (long)arg % 7 * MS / 20);
	while (r == -ETIMEDOUT && !zag_load_acq(&waiting));
	zag_add(&woken, 1);
	return NULL;
}

START_TEST(waiters_are_moved)
{
	const uint32_t is = 0, is_not = 1;
	struct zag_requeued done = { 7, 7 };
	struct zag_fiber *f[WAITERS];

	boot(_i);
	zag_store_rlx(&woken, 0);
	for (long i = 0; i < WAITERS; i++)
		f[i] = runtime_start(wait_moved, (void *)i);
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_int_eq(zag_lot_requeue(&word, &to[0], 1, 5, &is_not, &done),
			 -EAGAIN);
	ck_assert_int_eq(done.woken, 7);
	ck_assert_int_eq(zag_lot_requeue(&word, &to[0], 1, 5, &is, &done), 0);
	ck_assert_int_eq(done.woken, 1);
	ck_assert_int_eq(done.moved, 5);
	ck_assert_int_eq(zag_lot_requeue(&word, &word, 1, 5, NULL, &done), 0);
	ck_assert_int_eq(done.woken, 1);
	ck_assert_int_eq(zag_lot_wake(&to[0], WAITERS), 5);
	ck_assert_int_eq(zag_lot_wake(&word, WAITERS), WAITERS - 7);
	for (int i = 0; i < WAITERS; i++)
		runtime_join(f[i]);
	ck_assert_int_eq(zag_load_acq(&woken), WAITERS);
}
END_TEST

/* Time-outs race with the moves: nobody is lost, no record stays behind. */
START_TEST(moved_while_they_leave)
{
	struct zag_requeued done;
	struct zag_fiber *f[WAITERS];

	boot(_i);
	zag_store_rlx(&woken, 0);
	zag_store_rlx(&waiting, 0);
	for (long i = 0; i < WAITERS; i++)
		f[i] = runtime_start(wait_shortly, (void *)i);
	for (int i = 0; i < 3000; i++) {
		zag_lot_requeue(i % 2 ? &word : &to[i % 64], &to[(i + 1) % 64],
				0, 3, NULL, &done);
		zag_yield();
	}
	zag_store_rel(&waiting, 1);
	for (int i = 0; i < WAITERS; i++)
		runtime_join(f[i]);
	ck_assert_int_eq(zag_load_acq(&woken), WAITERS);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(zag_lot_wake(&to[i], WAITERS), 0);
}
END_TEST

/* --- its mutex ---------------------------------------------------------- */

static struct zag_mutex mutex;
static unsigned long shared;
static _Atomic uint32_t torn;

static void *count(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		unsigned long was;

		zag_mutex_lock(&mutex);
		was = shared;
		if (i % 16 == 0)
			zag_yield(); /* it may be held across a switch */
		if (shared != was)
			zag_add(&torn, 1);
		shared = was + 1;
		zag_mutex_unlock(&mutex);
	}
	return arg;
}

START_TEST(a_mutex_of_fibers_and_threads)
{
	struct zag_fiber *f[8];
	pthread_t t[2];

	boot(_i);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, count, NULL);
	for (int i = 0; i < 8; i++)
		f[i] = runtime_start(count, NULL);
	for (int i = 0; i < 8; i++)
		runtime_join(f[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(zag_load_acq(&torn), 0);
	ck_assert_uint_eq(shared, 10 * 2000);
	ck_assert_uint_eq(zag_load_acq(&mutex.word), 0);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("lot");

	tcase_add_test(c, a_wait_that_need_not_be);
	tcase_add_test(c, a_native_timeout);
	tcase_add_test(c, first_come_first_served);
	tcase_add_loop_test(c, waiters_are_moved, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, moved_while_they_leave, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, so_many_and_no_more, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, fibers_and_threads_wait_together, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, bits_choose, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, callbacks_are_called, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_wait_ends_once, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_mutex_of_fibers_and_threads, 0,
			    RUNTIME_SIZES);
	return unit_run("lot", c);
}
