/* SPDX-License-Identifier: BSD-2-Clause */
/* Offloaded calls: each result comes back, none is lost. */
#include "config.h"

#include "sched/offload.h"

#include "base/raw.h"
#include "runtime.h"
#include "unit.h"

enum { MANY = 80 }; /* there are 64 helpers */

static _Atomic uint32_t running, open_gate;

static long twice(void *arg)
{
	return 2 * (long)arg;
}

static long which_thread(void *arg)
{
	(void)arg;
	return zag_raw(SYS_gettid);
}

START_TEST(a_native_thread_calls_itself)
{
	ck_assert_int_eq(zag_offload(twice, (void *)21), 42);
	ck_assert_int_eq(zag_offload(which_thread, NULL),
			 zag_raw(SYS_gettid));
}
END_TEST

START_TEST(a_helper_calls_for_a_fiber)
{
	runtime_boot(RUNTIME_SIZE(_i));
	ck_assert_int_eq(zag_offload(twice, (void *)-21), -42);
	ck_assert_int_ne(zag_offload(which_thread, NULL),
			 zag_raw(SYS_gettid));
}
END_TEST

/* Blocks until the gate is open. */
static long through_gate(void *arg)
{
	const struct timespec ms = { 0, 1000000 };

	zag_add(&running, 1);
	while (!zag_load_acq(&open_gate))
		zag_raw(SYS_nanosleep, &ms, NULL);
	zag_sub(&running, 1);
	return (long)arg + 1;
}

static void *go_through(void *arg)
{
	return (void *)zag_offload(through_gate, arg);
}

/* No call waits for the end of another, which may depend on it. */
START_TEST(more_calls_than_helpers)
{
	struct zag_fiber *f[MANY];
	zag_time end;

	runtime_boot(RUNTIME_SIZE(_i));
	for (long i = 0; i < MANY; i++)
		f[i] = runtime_start(go_through, (void *)i);
	end = zag_now() + 15000 * MS;
	while (zag_load_acq(&running) < MANY && zag_now() < end)
		zag_sleep_until(zag_now() + MS);
	ck_assert_uint_eq(zag_load_acq(&running), MANY);
	zag_store_rel(&open_gate, 1);
	for (long i = 0; i < MANY; i++)
		ck_assert_ptr_eq(runtime_join(f[i]), (void *)(i + 1));
	ck_assert_uint_eq(zag_load_acq(&running), 0);
}
END_TEST

static long quick(void *arg)
{
	long *n = arg;

	if (*n % 7 == 0) {
		const struct timespec us = { 0, 20000 };

		zag_raw(SYS_nanosleep, &us, NULL);
	}
	return ++*n;
}

static void *many_calls(void *arg)
{
	long n = (long)arg, wrong = 0;

	for (int i = 0; i < 200; i++) {
		long was = n;

		wrong += zag_offload(quick, &n) != was + 1 || n != was + 1;
	}
	return (void *)wrong;
}

START_TEST(none_is_lost)
{
	struct zag_fiber *f[50];

	runtime_boot(RUNTIME_SIZE(_i));
	for (long i = 0; i < 50; i++)
		f[i] = runtime_start(many_calls, (void *)(i * 1000));
	for (int i = 0; i < 50; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("offload");

	tcase_add_test(c, a_native_thread_calls_itself);
	tcase_add_loop_test(c, a_helper_calls_for_a_fiber, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, more_calls_than_helpers, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, none_is_lost, 0, RUNTIME_SIZES);
	return unit_run("offload", c);
}
