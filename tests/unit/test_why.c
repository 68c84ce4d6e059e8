/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fiber tells of its wait, and how long it is in each state. */
#include "config.h"

#include "fiber/why.h"

#include <string.h>

#include "base/raw.h"
#include "loop/fdwait.h"
#include "runtime.h"
#include "sched/clock.h"
#include "unit.h"
#include "wait/blocking.h"
#include "wait/lot.h"

static _Atomic uint32_t word;
static struct zag_mutex mutex;
static int ends[2];

/* Until f is parked; then what it waits for. */
static const struct zag_why *why_of(struct zag_fiber *f)
{
	while (zag_load_acq(&f->state) != ZAG_FIBER_PARKED)
		zag_sleep_until(zag_now() + MS);
	return zag_load_rlx(&f->why);
}

static void *waits_for_word(void *arg)
{
	zag_lot_wait(&word, 0, ZAG_NEVER);
	return arg;
}

static void *waits_named(void *arg)
{
	zag_why_set(&zag_why_semaphore, 77);
	zag_lot_wait(&word, 0, zag_now() + 1000 * 1000 * MS);
	return arg;
}

static void *waits_for_input(void *arg)
{
	zag_fd_wait(ends[0], ZAG_IN, ZAG_NEVER);
	return arg;
}

static void *waits_for_lock(void *arg)
{
	zag_mutex_lock(&mutex);
	zag_mutex_unlock(&mutex);
	return arg;
}

static void *joins(void *f)
{
	runtime_join(f);
	return NULL;
}

static void release(struct zag_fiber *f)
{
	zag_store_rel(&word, 1);
	zag_lot_wake(&word, 1);
	runtime_join(f);
	zag_store_rel(&word, 0);
	ck_assert_ptr_null(zag_load_rlx(&f->why));
}

START_TEST(a_word)
{
	struct zag_fiber *f;

	runtime_boot(RUNTIME_SIZE(_i));
	f = runtime_start(waits_for_word, NULL);
	ck_assert_ptr_eq(why_of(f), &zag_why_futex);
	ck_assert_uint_eq(zag_load_rlx(&f->why_arg), (uintptr_t)&word);
	ck_assert(zag_load_rlx(&f->why_until) == ZAG_NEVER);
	release(f);
}
END_TEST

START_TEST(what_is_said_above_counts)
{
	struct zag_fiber *f;

	runtime_boot(RUNTIME_SIZE(_i));
	f = runtime_start(waits_named, NULL);
	ck_assert_ptr_eq(why_of(f), &zag_why_semaphore);
	ck_assert_uint_eq(zag_load_rlx(&f->why_arg), 77);
	ck_assert(zag_load_rlx(&f->why_until) != ZAG_NEVER);
	release(f);
}
END_TEST

START_TEST(no_wait_leaves_nothing)
{
	runtime_boot(RUNTIME_SIZE(_i));
	zag_why_set(&zag_why_semaphore, 1);
	ck_assert_int_lt(zag_lot_wait(&word, 5, ZAG_NEVER), 0);
	ck_assert_ptr_null(zag_load_rlx(&zag_fiber_self()->why));
}
END_TEST

START_TEST(a_descriptor)
{
	struct zag_fiber *f;

	runtime_boot(RUNTIME_SIZE(_i));
	ck_assert_int_eq(pipe(ends), 0);
	f = runtime_start(waits_for_input, NULL);
	ck_assert_ptr_eq(why_of(f), &zag_why_input);
	ck_assert_int_eq((int)zag_load_rlx(&f->why_arg), ends[0]);
	ck_assert_int_eq((int)write(ends[1], "", 1), 1);
	runtime_join(f);
}
END_TEST

START_TEST(a_lock_and_a_join)
{
	struct zag_fiber *f, *j;

	runtime_boot(RUNTIME_SIZE(_i));
	zag_mutex_lock(&mutex);
	f = runtime_start(waits_for_lock, NULL);
	j = runtime_start(joins, f);
	ck_assert_ptr_eq(why_of(f), &zag_why_runtime);
	ck_assert_ptr_eq(why_of(j), &zag_why_join);
	ck_assert_ptr_eq((void *)zag_load_rlx(&j->why_arg), f);
	zag_mutex_unlock(&mutex);
	runtime_join(j);
}
END_TEST

static long sleep_outside(void *arg)
{
	const struct timespec t = { 0, 200 * MS };

	(void)arg;
	return zag_raw(SYS_nanosleep, &t, NULL);
}

/* The first ones show that such calls take long. */
static void *offloads(void *arg)
{
	for (int i = 0; i < 4; i++)
		zag_offload(0, sleep_outside, NULL);
	return arg;
}

START_TEST(an_offloaded_call)
{
	struct zag_fiber *f;

	runtime_boot(RUNTIME_SIZE(_i));
	f = runtime_start(offloads, NULL);
	ck_assert_ptr_eq(why_of(f), &zag_why_offload);
	runtime_join(f);
}
END_TEST

static uint64_t ms(_Atomic uint64_t *ticks)
{
	return zag_clock_ns(zag_load_rlx(ticks)) / MS;
}

static void *spins_then_sleeps(void *arg)
{
	zag_time until = zag_now() + 200 * MS;

	while (zag_now() < until)
		;
	zag_sleep_until(zag_now() + 300 * MS);
	zag_lot_wait(&word, 0, ZAG_NEVER);
	return arg;
}

/* The shared clock is coarse, so within a fraction; a machine under load may
 * stop anybody for long, so upwards without a bound. */
START_TEST(time_is_told_by_state)
{
	struct zag_fiber *f;

	runtime_boot(RUNTIME_SIZE(_i));
	f = runtime_start(spins_then_sleeps, NULL);
	while (why_of(f) != &zag_why_futex)
		zag_sleep_until(zag_now() + MS);
	ck_assert_uint_ge(ms(&f->busy), 150);
	ck_assert_uint_ge(ms(&f->parked), 200);
	ck_assert_uint_ge(zag_load_rlx(&f->switches), 2);
	release(f);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("why");

	tcase_add_loop_test(c, a_word, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, what_is_said_above_counts, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, no_wait_leaves_nothing, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_descriptor, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_lock_and_a_join, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, an_offloaded_call, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, time_is_told_by_state, 0, RUNTIME_SIZES);
	return unit_run("why", c);
}
