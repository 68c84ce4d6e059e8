/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at fibers: none is missed that stays, and no look disturbs. */
#include "config.h"

#include "obs/look.h"

#include <pthread.h>
#include <string.h>

#include "base/peek.h"
#include "obs/describe.h"
#include "runtime.h"
#include "unit.h"
#include "wait/lot.h"

enum { STAY = 50, COME = 3000 };

static _Atomic uint32_t word;
static _Atomic bool over;

static void *stays(void *arg)
{
	zag_lot_wait(&word, 0, ZAG_NEVER);
	return arg;
}

static void *nothing(void *arg)
{
	return arg;
}

/* Fibers come and go all the time. */
static void *comes_and_goes(void *arg)
{
	for (int i = 0; i < COME; i++)
		runtime_join(runtime_start(nothing, arg));
	return arg;
}

/* A native thread, as the monitor is: each one that stays is seen each time,
 * whole and in its place. */
static void *looks(void *arg)
{
	unsigned rounds = 0;

	while (!zag_load_acq(&over) || rounds < 3) {
		struct zag_look_cursor c = { 0 };
		struct zag_look l;
		int waiting = 0;

		while (zag_look_next(&c, &l)) {
			ck_assert_uint_ne(l.id, 0);
			if (l.why != &zag_why_futex ||
			    l.arg != (uintptr_t)&word)
				continue;
			zag_look_site(&l);
			waiting++;
		}
		ck_assert_int_eq(waiting, STAY);
		rounds++;
	}
	return arg;
}

static void park_all(struct zag_fiber **f)
{
	for (int i = 0; i < STAY; i++)
		f[i] = runtime_start(stays, NULL);
	for (int i = 0; i < STAY; i++)
		while (zag_load_acq(&f[i]->state) != ZAG_FIBER_PARKED)
			zag_sleep_until(zag_now() + MS);
}

static void release_all(struct zag_fiber **f)
{
	zag_store_rel(&word, 1);
	zag_lot_wake(&word, STAY);
	for (int i = 0; i < STAY; i++)
		runtime_join(f[i]);
}

START_TEST(a_look_while_fibers_come_and_go)
{
	struct zag_fiber *f[STAY];
	pthread_t looker;

	runtime_boot(RUNTIME_SIZE(_i));
	park_all(f);
	ck_assert_int_eq(pthread_create(&looker, NULL, looks, NULL), 0);
	runtime_join(runtime_start(comes_and_goes, NULL));
	zag_store_rel(&over, true);
	pthread_join(looker, NULL);
	release_all(f);
}
END_TEST

START_TEST(a_stack_is_walked_to_its_beginning)
{
	struct zag_fiber *f[STAY];
	struct zag_stack_copy copy;
	uintptr_t pcs[64];
	struct zag_look l;
	size_t n;
	bool found = false;

	runtime_boot(RUNTIME_SIZE(_i));
	park_all(f);
	ck_assert(zag_look_find(f[7]->id, &l));
	ck_assert(zag_look_stack(&l, ZAG_LOOK_STACK, &copy));
	n = zag_unwind(&l.ctx, &copy, pcs, 64, NULL);
	ck_assert_uint_gt(n, 4);
	for (size_t i = 0; i < n; i++)
		found |= pcs[i] - (uintptr_t)stays < 200;
	ck_assert(found);
	ck_assert_uint_lt(n, 64); /* it has an end */
	release_all(f);
	ck_assert(!zag_look_find(f[7]->id, &l) ||
		  l.state == ZAG_FIBER_DONE);
}
END_TEST

/* What runs now is walked as well. */
ZAG_NOINLINE static size_t inner(uintptr_t *pcs)
{
	return zag_unwind_here(pcs, 32, NULL);
}

START_TEST(the_callers_own_stack)
{
	uintptr_t pcs[32];
	size_t n = inner(pcs);
	bool found = false;

	ck_assert_uint_gt(n, 3);
	for (size_t i = 0; i < n; i++)
		found |= pcs[i] - (uintptr_t)inner < 100;
	ck_assert(found);
}
END_TEST

START_TEST(waits_in_words)
{
	struct zag_owners none = { NULL, 0 };
	struct zag_look l = { .why = &zag_why_input, .arg = 7,
			      .until = INT64_MAX };
	char text[ZAG_WAIT_TEXT];

	zag_describe_wait(&l, &none, text);
	ck_assert_str_eq(text, "input fd 7");
	l.why = &zag_why_child;
	l.arg = 4711;
	zag_describe_wait(&l, &none, text);
	ck_assert_str_eq(text, "waitpid 4711");
	l.why = &zag_why_sleep;
	l.until = 0;
	zag_describe_wait(&l, &none, text);
	ck_assert_str_eq(text, "sleep 0 us left");
	l.why = NULL;
	zag_describe_wait(&l, &none, text);
	ck_assert_str_eq(text, "");
	zag_describe_ns(text, sizeof(text), 1250 * MS);
	ck_assert_str_eq(text, "1.2 s");
}
END_TEST

START_TEST(memory_that_is_not_there)
{
	long value = 5, copy = 0;

	ck_assert(zag_peek((uintptr_t)&value, &copy, sizeof(copy)));
	ck_assert_int_eq(copy, 5);
	ck_assert(!zag_peek(16, &copy, sizeof(copy)));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("look");

	tcase_add_loop_test(c, a_look_while_fibers_come_and_go, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, a_stack_is_walked_to_its_beginning, 0,
			    RUNTIME_SIZES);
	tcase_add_test(c, the_callers_own_stack);
	tcase_add_test(c, waits_in_words);
	tcase_add_test(c, memory_that_is_not_there);
	return unit_run("look", c);
}
