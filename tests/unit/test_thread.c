/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a thread: join, detach, and who is told what. */
#include "config.h"

#include "wait/thread.h"

#include <errno.h>
#include <string.h>

#include "runtime.h"
#include "unit.h"
#include "wait/lot.h"

static _Atomic bool ended;

static void boot(int i)
{
	runtime_boot(RUNTIME_SIZE(i));
}

static void *at_once(void *arg)
{
	zag_store_rel(&ended, true);
	return arg;
}

static void *sleeps(void *arg)
{
	zag_sleep_until(zag_now() + (long)arg * MS);
	zag_store_rel(&ended, true);
	return arg;
}

START_TEST(join_gives_the_value)
{
	struct zag_fiber *f;

	boot(_i);
	f = runtime_start(at_once, (void *)5);
	ck_assert_ptr_eq(runtime_join(f), (void *)5);
	f = runtime_start(sleeps, (void *)20);
	ck_assert_ptr_eq(runtime_join(f), (void *)20);
	f = runtime_start(sleeps, (void *)1);
	ck_assert_int_eq(zag_thread_join(f, NULL, ZAG_NEVER), 0);
}
END_TEST

START_TEST(a_timed_join)
{
	struct zag_fiber *f;
	void *value = NULL;

	boot(_i);
	f = runtime_start(sleeps, (void *)60);
	ck_assert_int_eq(zag_thread_tryjoin(f, &value), EBUSY);
	ck_assert_int_eq(zag_thread_join(f, &value, zag_now() - 1), ETIMEDOUT);
	ck_assert_int_eq(zag_thread_join(f, &value, zag_now() + 5 * MS),
			 ETIMEDOUT);
	ck_assert_ptr_null(value);
	ck_assert_int_eq(zag_thread_join(f, &value, zag_now() + 5000 * MS), 0);
	ck_assert_ptr_eq(value, (void *)60);
}
END_TEST

START_TEST(tryjoin_of_a_finished_one)
{
	struct zag_fiber *f;
	void *value = NULL;
	int err;

	boot(_i);
	f = runtime_start(at_once, (void *)6);
	do
		zag_sleep_until(zag_now() + MS);
	while ((err = zag_thread_tryjoin(f, &value)) == EBUSY);
	ck_assert_int_eq(err, 0);
	ck_assert_ptr_eq(value, (void *)6);
	ck_assert_int_eq(zag_thread_tryjoin(f, &value), ESRCH);
	ck_assert_int_eq(zag_thread_join(f, &value, ZAG_NEVER), ESRCH);
	ck_assert_int_eq(zag_thread_detach(f), ESRCH);
}
END_TEST

START_TEST(a_detached_one_is_not_joinable)
{
	struct zag_fiber *f;

	boot(_i);
	f = runtime_start(sleeps, (void *)20);
	ck_assert_int_eq(zag_thread_detach(f), 0);
	ck_assert_int_eq(zag_thread_detach(f), EINVAL);
	ck_assert_int_eq(zag_thread_join(f, NULL, ZAG_NEVER), EINVAL);
	while (zag_load_acq(&zag_sched.fibers) > 1)
		zag_sleep_until(zag_now() + MS);
	ck_assert(zag_load_acq(&ended));
}
END_TEST

START_TEST(detaching_a_finished_one_frees_it)
{
	struct zag_fiber *f;

	boot(_i);
	f = runtime_start(at_once, NULL);
	while (zag_load_acq(&f->done) != ZAG_FINISHED)
		zag_sleep_until(zag_now() + MS);
	ck_assert_int_eq(zag_thread_detach(f), 0);
	ck_assert_int_eq(zag_thread_detach(f), ESRCH);
	ck_assert_uint_eq(zag_load_acq(&f->state), ZAG_FIBER_FREE);
}
END_TEST

static void *join_it(void *arg)
{
	return (void *)(long)zag_thread_join(arg, NULL,
					     zag_now() + 200 * MS);
}

START_TEST(one_joiner_only)
{
	struct zag_fiber *f, *j;

	boot(_i);
	f = runtime_start(sleeps, (void *)50);
	j = runtime_start(join_it, f);
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_int_eq(zag_thread_join(f, NULL, ZAG_NEVER), EINVAL);
	ck_assert_int_eq(zag_thread_tryjoin(f, NULL), EBUSY);
	ck_assert_ptr_null(runtime_join(j));
}
END_TEST

START_TEST(deadlocks_are_told)
{
	struct zag_fiber *j;

	boot(_i);
	ck_assert_int_eq(zag_thread_join(zag_fiber_self(), NULL, ZAG_NEVER),
			 EDEADLK);
	/* It joins us: then we may not join it. */
	j = runtime_start(join_it, zag_fiber_self());
	zag_sleep_until(zag_now() + 20 * MS);
	ck_assert_int_eq(zag_thread_join(j, NULL, zag_now() + 5000 * MS),
			 EDEADLK);
	ck_assert_ptr_eq(runtime_join(runtime_start(at_once, j)), j);
	while (zag_load_acq(&j->done) != ZAG_FINISHED)
		zag_sleep_until(zag_now() + 10 * MS);
	ck_assert_ptr_eq(runtime_join(j), (void *)ETIMEDOUT);
}
END_TEST

static void *native_joiner(void *arg)
{
	return runtime_join(arg);
}

START_TEST(a_native_thread_joins)
{
	struct zag_fiber *f;
	pthread_t t;
	void *value;

	boot(_i);
	f = runtime_start(sleeps, (void *)30);
	pthread_create(&t, NULL, native_joiner, f);
	while (!zag_load_acq(&ended))
		zag_sleep_until(zag_now() + MS);
	pthread_join(t, &value);
	ck_assert_ptr_eq(value, (void *)30);
}
END_TEST

/* --- what a new fiber is given ------------------------------------------ */

static void *who_am_i(void *arg)
{
	return pthread_self() == *(pthread_t *)arg &&
			       zag_fiber_self()->sigmask == 0x42 ? arg : NULL;
}

START_TEST(the_id_is_there_before_it_runs)
{
	struct zag_thread_attr attr = { .stack_size = 16384 };
	uint64_t mask[16] = { 0x42 };

	boot(_i);
	attr.sigmask = (sigset_t *)mask;
	for (int i = 0; i < 200; i++) {
		pthread_t t = 0;
		void *ok;

		ck_assert_int_eq(zag_thread_create(&t, &attr, who_am_i, &t),
				 0);
		ck_assert_int_eq(zag_thread_join(zag_fiber_of(t), &ok,
						 ZAG_NEVER), 0);
		ck_assert_ptr_nonnull(ok);
	}
}
END_TEST

START_TEST(impossible_stacks_are_eagain)
{
	struct zag_thread_attr attr = { .stack_size = SIZE_MAX / 2 };
	pthread_t t;

	boot(_i);
	ck_assert_int_eq(zag_thread_create(&t, &attr, at_once, NULL), EAGAIN);
	attr.stack_size = (size_t)1 << 50;
	ck_assert_int_eq(zag_thread_create(&t, &attr, at_once, NULL), EAGAIN);
	ck_assert_uint_eq(zag_load_acq(&zag_sched.fibers), 1);
}
END_TEST

static char own_stack[64 * 1024];

static void *where(void *arg)
{
	char *here = (char *)&arg;

	return here >= own_stack && here < own_stack + sizeof(own_stack) ?
		       own_stack : arg;
}

START_TEST(a_stack_of_the_program_s_own)
{
	struct zag_thread_attr attr = {
		.stack = own_stack,
		.stack_size = sizeof(own_stack),
	};
	pthread_t t;
	void *there;

	boot(_i);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(zag_thread_create(&t, &attr, where, NULL), 0);
		zag_thread_join(zag_fiber_of(t), &there, ZAG_NEVER);
		ck_assert_ptr_nonnull(there);
		ck_assert_ptr_null(runtime_join(runtime_start(where, NULL)));
	}
}
END_TEST

static _Atomic uint32_t said, may_end;

static void *says_so_first(void *arg)
{
	zag_store_rel(&said, 1);
	zag_lot_wake(&said, 1);
	while (!zag_load_acq(&may_end))
		zag_sleep_until(zag_now() + MS);
	zag_store_rel(&ended, true);
	return arg;
}

static void *lets_it_end(void *arg)
{
	zag_sleep_until(zag_now() + 20 * MS);
	zag_store_rel(&may_end, 1);
	return arg;
}

/* A detached one is still on the stack that the next one is to have. */
START_TEST(a_stack_is_one_s_at_a_time)
{
	struct zag_thread_attr attr = {
		.stack = own_stack,
		.stack_size = sizeof(own_stack),
		.detached = true,
	};
	struct zag_fiber *f;
	pthread_t t;

	boot(_i);
	ck_assert_int_eq(zag_thread_create(&t, &attr, says_so_first, NULL), 0);
	while (!zag_load_acq(&said))
		zag_lot_wait(&said, 0, ZAG_NEVER);
	f = runtime_start(lets_it_end, NULL);
	attr.detached = false;
	ck_assert_int_eq(zag_thread_create(&t, &attr, where, NULL), 0);
	ck_assert(zag_load_acq(&ended));
	ck_assert_ptr_nonnull(runtime_join(zag_fiber_of(t)));
	runtime_join(f);
}
END_TEST

/* --- many --------------------------------------------------------------- */

static _Atomic uint32_t wrong;
static uint64_t seed;

static void *leaf(void *arg)
{
	if ((long)arg % 3 == 0)
		zag_yield();
	return arg;
}

/* Make fibers, join some, detach some, let some be joined later. */
static void *parent(void *arg)
{
	enum { N = 400, KEPT = 16 };
	struct zag_fiber *kept[KEPT] = { 0 };
	uint64_t r = seed + 2 * (uint64_t)(long)arg;

	for (long i = 1; i <= N; i++) {
		struct zag_fiber *f = runtime_start(leaf, (void *)i);
		uint32_t k = unit_random(&r) % KEPT;

		switch (unit_random(&r) % 3) {
		case 0:
			if (runtime_join(f) != (void *)i)
				zag_add(&wrong, 1);
			break;
		case 1:
			if (zag_thread_detach(f))
				zag_add(&wrong, 1);
			break;
		default:
			if (kept[k])
				runtime_join(kept[k]);
			kept[k] = f;
		}
	}
	for (int k = 0; k < KEPT; k++)
		if (kept[k])
			runtime_join(kept[k]);
	return NULL;
}

START_TEST(many_come_and_go)
{
	struct zag_fiber *f[8];

	seed = unit_seed();
	boot(_i);
	for (long i = 0; i < 8; i++)
		f[i] = runtime_start(parent, (void *)i);
	for (int i = 0; i < 8; i++)
		runtime_join(f[i]);
	while (zag_load_acq(&zag_sched.fibers) > 1)
		zag_sleep_until(zag_now() + MS);
	ck_assert_uint_eq(zag_load_acq(&wrong), 0);
}
END_TEST

/* The last thread ends the process, with 0. */
START_TEST(the_last_one_exits)
{
	boot(_i);
	zag_thread_detach(runtime_start(sleeps, (void *)20));
	zag_thread_finish();
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("thread");

	tcase_add_loop_test(c, join_gives_the_value, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_timed_join, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, tryjoin_of_a_finished_one, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_detached_one_is_not_joinable, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, detaching_a_finished_one_frees_it, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, one_joiner_only, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, deadlocks_are_told, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_native_thread_joins, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, the_id_is_there_before_it_runs, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, impossible_stacks_are_eagain, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, a_stack_of_the_program_s_own, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, a_stack_is_one_s_at_a_time, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, many_come_and_go, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, the_last_one_exits, 0, RUNTIME_SIZES);
	return unit_run("thread", c);
}
