/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines: the heap against a plain list; sleeps; times that overflow. */
#include "config.h"

#include "wait/deadline.h"

#include <errno.h>
#include <string.h>

#include "runtime.h"
#include "unit.h"

/* --- the heap, without a runtime ---------------------------------------- */

enum { MOST = 3000, RANGE = 5000 };

static struct zag_processor processor;
static struct zag_carrier carrier;
static struct zag_deadline deadlines[MOST];
static struct zag_wait waits[MOST];
static bool in[MOST];

/* This thread is a carrier, so that deadlines have a home. */
static void make_home(void)
{
	carrier.processor = &processor;
	zag_carrier_own = &carrier;
	ck_assert(zag_deadline_init(1));
}

static bool add(int i, zag_time at)
{
	zag_wait_begin(&waits[i]);
	in[i] = zag_deadline_add(&deadlines[i], &waits[i], at);
	return in[i];
}

static zag_time earliest(int n)
{
	zag_time first = ZAG_NEVER;

	for (int i = 0; i < n; i++)
		if (in[i] && deadlines[i].at < first)
			first = deadlines[i].at;
	return first;
}

START_TEST(empty)
{
	make_home();
	ck_assert_int_eq(zag_deadline_next(0, ZAG_CLOCK_MONO), ZAG_NEVER);
	ck_assert_int_eq(zag_deadline_expire(0, ZAG_CLOCK_MONO, ZAG_NEVER), 0);
}
END_TEST

/* All that are due wake, and no other; how many are wrong. */
static int expire(int n, zag_time now)
{
	int due = 0, wrong = 0;

	for (int i = 0; i < n; i++)
		due += in[i] && deadlines[i].at <= now;
	wrong += zag_deadline_expire(0, ZAG_CLOCK_MONO, now) != due;
	for (int i = 0; i < n; i++) {
		bool over = in[i] && deadlines[i].at <= now;

		if (!in[i])
			continue;
		wrong += (zag_wait_reason(&waits[i]) == ZAG_WAKE_TIMEOUT) !=
			 over;
		if (over) {
			zag_deadline_remove(&deadlines[i]); /* no harm */
			in[i] = false;
		}
	}
	return wrong;
}

START_TEST(as_a_sorted_list)
{
	enum { N = 200, STEPS = 30000 };
	uint64_t r = unit_seed();
	zag_time now = 0;
	int wrong = 0;

	make_home();
	for (int step = 0; step < STEPS; step++) {
		int i = (int)(unit_random(&r) % N);

		if (in[i]) {
			zag_deadline_remove(&deadlines[i]);
			in[i] = false;
		} else {
			/* Some in the past, many the same. */
			wrong += !add(i, now - 5 + unit_random(&r) % 100);
		}
		if (step % 16 == 0)
			wrong += expire(N, now += unit_random(&r) % 20);
		wrong += zag_deadline_next(0, ZAG_CLOCK_MONO) != earliest(N);
	}
	ck_assert_int_eq(wrong, 0);
}
END_TEST

START_TEST(it_grows)
{
	uint64_t r = unit_seed();
	zag_time at;
	int wrong = 0, rounds = 0;

	make_home();
	for (int i = 0; i < MOST; i++)
		wrong += !add(i, unit_random(&r) % RANGE);
	for (int i = 0; i < MOST; i += 3) {
		zag_deadline_remove(&deadlines[i]);
		in[i] = false;
	}
	while ((at = zag_deadline_next(0, ZAG_CLOCK_MONO)) != ZAG_NEVER && ++rounds <= RANGE) {
		if (rounds % 50 == 0) /* a look at all is slow */
			wrong += at != earliest(MOST);
		wrong += rounds % 50 == 0 ? expire(MOST, at) :
					    !zag_deadline_expire(0, ZAG_CLOCK_MONO, at);
		if (rounds % 50)
			for (int i = 0; i < MOST; i++)
				in[i] = in[i] && deadlines[i].at > at;
	}
	ck_assert_int_eq(wrong, 0);
	ck_assert_int_eq(earliest(MOST), ZAG_NEVER);
}
END_TEST

/* One that somebody else woke is not counted, nor woken again. */
START_TEST(a_claimed_wait_is_left)
{
	make_home();
	add(0, 10);
	add(1, 10);
	ck_assert(zag_wait_wake(&waits[0], ZAG_WAKE_READY));
	ck_assert_int_eq(zag_deadline_expire(0, ZAG_CLOCK_MONO, 10), 1);
	ck_assert_int_eq(zag_wait_reason(&waits[0]), ZAG_WAKE_READY);
	ck_assert_int_eq(zag_wait_reason(&waits[1]), ZAG_WAKE_TIMEOUT);
}
END_TEST

static int earlier;

static void on_earlier(uint32_t p)
{
	earlier += p == 0;
}

START_TEST(an_earlier_one_is_told)
{
	make_home();
	zag_deadline_on_earlier = on_earlier;
	add(0, 10);
	ck_assert_int_eq(earlier, 1);
	add(1, 10);
	add(2, 11);
	ck_assert_int_eq(earlier, 1);
	add(3, 9);
	ck_assert_int_eq(earlier, 2);
}
END_TEST

/* --- times -------------------------------------------------------------- */

START_TEST(times_saturate)
{
	const struct timespec far = { INT64_MAX, 999999999 };
	const struct timespec past = { INT64_MIN, 0 }, zero = { 0, 0 };
	const struct timespec ms = { 0, 1000000 };
	struct timespec now;
	zag_time before = zag_now();

	ck_assert_int_eq(zag_deadline_rel(&far), ZAG_NEVER);
	ck_assert_int_eq(zag_deadline_abs(CLOCK_REALTIME, &far), ZAG_NEVER);
	ck_assert_int_eq(zag_deadline_abs(CLOCK_MONOTONIC, &far), ZAG_NEVER);
	ck_assert_int_lt(zag_deadline_abs(CLOCK_MONOTONIC, &past), 0);
	ck_assert_int_lt(zag_deadline_abs(CLOCK_REALTIME, &past), before);
	ck_assert_int_lt(zag_deadline_abs(CLOCK_REALTIME, &zero), before);
	ck_assert_int_ge(zag_deadline_rel(&zero), before);
	ck_assert_int_ge(zag_deadline_rel(&ms), before + MS);
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += 1;
	ck_assert_int_lt(zag_deadline_abs(CLOCK_REALTIME, &now) - before,
			 1100 * MS);
	ck_assert_int_gt(zag_deadline_abs(CLOCK_REALTIME, &now) - before,
			 900 * MS);
}
END_TEST

/* --- sleeping fibers ---------------------------------------------------- */

enum { SLEEPERS = 200 };

static _Atomic uint32_t early;
static zag_time latest[SLEEPERS];
static uint64_t seed;

static void *sleeper(void *arg)
{
	long me = (long)arg;
	uint64_t r = seed + 2 * (uint64_t)me;

	for (int i = 0; i < 20; i++) {
		zag_time at = zag_now() + unit_random(&r) % (10 * MS);
		int err = zag_sleep_until(at);
		zag_time late = zag_now() - at;

		if (err || late < 0)
			zag_add(&early, 1);
		if (late > latest[me])
			latest[me] = late;
	}
	return NULL;
}

/* Each clock has its own heap; times of the wall clock know that they are. */
START_TEST(two_clocks)
{
	struct timespec far = { INT64_MAX, 0 }, past = { -5, 0 }, now;
	struct zag_deadline mono, wall;
	zag_time at;

	clock_gettime(CLOCK_REALTIME, &now);
	at = zag_deadline_wall(CLOCK_REALTIME, &now);
	ck_assert(zag_time_is_wall(at));
	ck_assert_int_lt(zag_deadline_mono(at) - zag_now(), MS);
	ck_assert_int_gt(zag_deadline_mono(at) - zag_now(), -1000 * MS);
	ck_assert_int_eq(zag_deadline_wall(CLOCK_REALTIME, &far), ZAG_NEVER);
	ck_assert_int_eq(zag_deadline_wall(CLOCK_REALTIME, &past), ZAG_WALL);
	ck_assert(!zag_time_is_wall(zag_deadline_wall(CLOCK_MONOTONIC, &now)));
	ck_assert(!zag_time_is_wall(ZAG_NEVER));

	make_home();
	zag_wait_begin(&waits[0]);
	zag_wait_begin(&waits[1]);
	ck_assert(zag_deadline_add(&mono, &waits[0], 20));
	ck_assert(zag_deadline_add(&wall, &waits[1], ZAG_WALL + 10));
	ck_assert_int_eq(zag_deadline_next(0, ZAG_CLOCK_MONO), 20);
	ck_assert_int_eq(zag_deadline_next(0, ZAG_CLOCK_WALL), 10);
	ck_assert_int_eq(zag_deadline_expire(0, ZAG_CLOCK_MONO, 15), 0);
	ck_assert_int_eq(zag_deadline_expire(0, ZAG_CLOCK_WALL, 9), 0);
	ck_assert_int_eq(zag_deadline_expire(0, ZAG_CLOCK_WALL, 10), 1);
	ck_assert_int_eq(zag_wait_reason(&waits[1]), ZAG_WAKE_TIMEOUT);
	ck_assert_int_eq(zag_wait_reason(&waits[0]), ZAG_WAKE_NONE);
	zag_deadline_remove(&mono);
	zag_deadline_remove(&wall);
}
END_TEST

START_TEST(sleeps_end_in_time)
{
	struct zag_fiber *f[SLEEPERS];
	zag_time late = 0;

	seed = unit_seed();
	runtime_boot(RUNTIME_SIZE(_i));
	for (long i = 0; i < SLEEPERS; i++)
		f[i] = runtime_start(sleeper, (void *)i);
	for (int i = 0; i < SLEEPERS; i++) {
		runtime_join(f[i]);
		if (latest[i] > late)
			late = latest[i];
	}
	ck_assert_uint_eq(zag_load_acq(&early), 0);
	ck_assert_int_lt(late, 500 * MS);
}
END_TEST

/* A deadline added while the poller sleeps for a later one. */
static void *sleep_long(void *arg)
{
	zag_sleep_until(zag_now() + 400 * MS);
	return arg;
}

START_TEST(a_short_sleep_beside_a_long_one)
{
	struct zag_fiber *f;
	zag_time begin;

	runtime_boot(RUNTIME_SIZE(_i));
	f = runtime_start(sleep_long, NULL);
	zag_sleep_until(zag_now() + 10 * MS);
	begin = zag_now();
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(zag_sleep_until(zag_now() + MS / 10), 0);
	ck_assert_int_ge(zag_now() - begin, 5 * MS);
	ck_assert_int_lt(zag_now() - begin, 200 * MS);
	runtime_join(f);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("deadline");

	tcase_add_test(c, empty);
	tcase_add_test(c, as_a_sorted_list);
	tcase_add_test(c, it_grows);
	tcase_add_test(c, a_claimed_wait_is_left);
	tcase_add_test(c, an_earlier_one_is_told);
	tcase_add_test(c, times_saturate);
	tcase_add_test(c, two_clocks);
	tcase_add_loop_test(c, sleeps_end_in_time, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_short_sleep_beside_a_long_one, 0,
			    RUNTIME_SIZES);
	return unit_run("deadline", c);
}
