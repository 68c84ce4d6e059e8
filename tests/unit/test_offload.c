/* SPDX-License-Identifier: BSD-2-Clause */
/* Offloaded calls: each result comes back, none is lost. */
#include "config.h"

#include "sched/offload.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "ctl/disposition.h"
#include "runtime.h"
#include "sched/sched.h"
#include "unit.h"
#include "wait/blocking.h"
#include "wait/turn.h"

enum { MANY = 80 }; /* there are 64 helpers */

static _Atomic uint32_t running;

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
	ck_assert_int_eq(zag_offload(0, twice, (void *)21), 42);
	ck_assert_int_eq(zag_offload(0, which_thread, NULL),
			 zag_raw(SYS_gettid));
}
END_TEST

START_TEST(the_only_fiber_calls_itself)
{
	runtime_boot(RUNTIME_SIZE(_i));
	ck_assert_int_eq(zag_offload(0, twice, (void *)-21), -42);
	ck_assert_int_eq(zag_offload(0, which_thread, NULL),
			 zag_raw(SYS_gettid));
}
END_TEST

/* A helper is no carrier. */
static bool is_carrier(long tid)
{
	const struct zag_carrier *c = zag_load_acq(&zag_sched.carriers);

	while (c && c->tid != (uint32_t)tid)
		c = c->all_next;
	return c;
}

/* Ends by itself, after a while. */
static long nap(void *arg)
{
	const struct timespec ms = { 0, 4000000 };

	zag_raw(SYS_nanosleep, &ms, NULL);
	return (long)arg + 1;
}

enum { SHORT, LONG }; /* kinds of calls */

static void *call_which(void *arg)
{
	return (void *)zag_offload((uint32_t)(uintptr_t)arg, which_thread,
				   NULL);
}

static void *call_short_and_long(void *arg)
{
	ck_assert(is_carrier((long)call_which((void *)SHORT)));
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(zag_offload(LONG, nap, (void *)(long)i), i + 1);
	ck_assert(!is_carrier((long)call_which((void *)LONG)));
	ck_assert(is_carrier((long)call_which((void *)SHORT)));
	return arg;
}

/* The other one waits for this one: nobody is delayed. */
START_TEST(a_helper_makes_calls_that_take_long)
{
	runtime_boot(RUNTIME_SIZE(_i));
	runtime_join(runtime_start(call_short_and_long, NULL));
}
END_TEST

static void *take_nap(void *arg)
{
	return (void *)zag_offload(0, nap, arg);
}

static int end_of_pipe[2];

/* Reads a byte that comes when the test writes it. */
static void *read_byte(void *arg)
{
	char byte;
	const struct zag_syscall call = {
		SYS_read, { end_of_pipe[0], (long)&byte, 1 }
	};
	long r;

	(void)arg;
	zag_add(&running, 1);
	if (!zag_blocking_call(&call, ZAG_NEVER, true, &r))
		return (void *)-1L;
	return (void *)(r == 1 ? byte : r);
}

static void wait_for_running(uint32_t n)
{
	zag_time end = zag_now() + 15000 * MS;

	while (zag_load_acq(&running) < n && zag_now() < end)
		zag_sleep_until(zag_now() + MS);
	ck_assert_uint_eq(zag_load_acq(&running), n);
	zag_sleep_until(zag_now() + 20 * MS);
}

/*
 * Calls that last take their helpers and no more: one beyond is refused, and
 * those that end by themselves are done meanwhile, all of them.
 */
START_TEST(more_calls_than_helpers)
{
	struct zag_fiber *lasting[ZAG_HELPERS_LASTING], *f[MANY];
	long refused = 0;

	runtime_boot(RUNTIME_SIZE(_i));
	ck_assert_int_eq(pipe(end_of_pipe), 0);
	zag_store_rlx(&running, 0);
	for (int i = 0; i < ZAG_HELPERS_LASTING; i++)
		lasting[i] = runtime_start(read_byte, NULL);
	wait_for_running(ZAG_HELPERS_LASTING);
	ck_assert_ptr_eq(read_byte(NULL), (void *)-1L);
	for (long i = 0; i < MANY; i++)
		f[i] = runtime_start(take_nap, (void *)i);
	for (long i = 0; i < MANY; i++)
		ck_assert_ptr_eq(runtime_join(f[i]), (void *)(i + 1));
	for (int i = 0; i < ZAG_HELPERS_LASTING; i++)
		ck_assert_int_eq(write(end_of_pipe[1], "x", 1), 1);
	for (int i = 0; i < ZAG_HELPERS_LASTING; i++)
		refused += runtime_join(lasting[i]) != (void *)'x';
	ck_assert_int_eq(refused, 0);
}
END_TEST

static void on_signal(int signo, siginfo_t *si, void *uc)
{
	(void)signo;
	(void)si;
	zag_arch_syscall_interrupt(uc);
}

/* What the runtime does at boot, but for fibers. */
static void handle_signal(void)
{
	zag_disposition_set(ZAG_SIGNAL, on_signal, SA_SIGINFO | SA_RESTART, 0);
}

/*
 * A call that is given up at a deadline takes nothing: a byte is read by a
 * call that returns it, or stays in the pipe.
 */
START_TEST(no_byte_is_lost)
{
	int left = 0, got = 0;
	long r;

	runtime_boot(RUNTIME_SIZE(_i));
	handle_signal();
	ck_assert_int_eq(pipe(end_of_pipe), 0);
	for (int i = 0; i < 2000; i++) {
		char byte;
		const struct zag_syscall call = {
			SYS_read, { end_of_pipe[0], (long)&byte, 1 }
		};

		/* When the byte comes, and when the deadline: by turns. */
		if (i % 2)
			ck_assert_int_eq(write(end_of_pipe[1], "x", 1), 1);
		left += i % 2;
		ck_assert(zag_blocking_call(&call,
					    zag_now() + i % 100 * 1000, true,
					    &r));
		ck_assert(r == 1 || r == -ETIMEDOUT);
		left -= r == 1;
		got += r == 1;
	}
	ck_assert_int_gt(got, 0);
	ck_assert_int_eq(ioctl(end_of_pipe[0], FIONREAD, &r), 0);
	ck_assert_int_eq((int)r, left);
}
END_TEST

/* --- turns -------------------------------------------------------------- */

static _Atomic uint32_t inside, most_inside;

static void *take_turn(void *arg)
{
	struct zag_turn t = { .key = { (uint64_t)arg } };

	for (int i = 0; i < 50; i++) {
		if (zag_turn_enter(&t, true))
			return (void *)1;
		if (zag_add(&inside, 1) > 0)
			zag_store_rlx(&most_inside, 2);
		zag_sleep_until(zag_now() + MS / 100);
		zag_sub(&inside, 1);
		zag_turn_leave(&t);
	}
	return NULL;
}

START_TEST(turns_of_one_key)
{
	struct zag_fiber *f[20];

	runtime_boot(RUNTIME_SIZE(_i));
	for (int i = 0; i < 20; i++)
		f[i] = runtime_start(take_turn, (void *)7);
	for (int i = 0; i < 20; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
	ck_assert_uint_eq(zag_load_acq(&most_inside), 0);
}
END_TEST

/* Nobody waits for who has another key, though he never leaves. */
START_TEST(turns_of_many_keys)
{
	struct zag_turn t[300];

	runtime_boot(RUNTIME_SIZE(_i));
	for (uint64_t i = 0; i < 300; i++) {
		t[i] = (struct zag_turn){ .key = { i / 7, i % 7 } };
		ck_assert_int_eq(zag_turn_enter(&t[i], true), 0);
	}
	for (int i = 0; i < 300; i++)
		zag_turn_leave(&t[i]);
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

		wrong += zag_offload(0, quick, &n) != was + 1 || n != was + 1;
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
	tcase_add_loop_test(c, the_only_fiber_calls_itself, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_helper_makes_calls_that_take_long, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, more_calls_than_helpers, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, no_byte_is_lost, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, turns_of_one_key, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, turns_of_many_keys, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, none_is_lost, 0, RUNTIME_SIZES);
	return unit_run("offload", c);
}
