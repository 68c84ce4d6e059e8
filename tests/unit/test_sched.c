/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler in the test's own process: park, unpark, yield, handoff. */
#include "config.h"

#include "sched/sched.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/lock.h"
#include "runtime.h"
#include "sched/carrier.h"
#include "unit.h"
#include "wait/wait.h"

static void boot(int i)
{
	runtime_boot(RUNTIME_SIZE(i));
}

/* --- yielding ----------------------------------------------------------- */

static _Atomic uint32_t turns;

static void *yielder(void *arg)
{
	for (long i = (long)arg; i; i--) {
		zag_add(&turns, 1);
		zag_yield();
	}
	return arg;
}

START_TEST(all_fibers_get_their_turns)
{
	enum { N = 200, TURNS = 500 };
	struct zag_fiber *f[N];

	boot(_i);
	for (int i = 0; i < N; i++)
		f[i] = runtime_start(yielder, (void *)TURNS);
	for (int i = 0; i < N; i++)
		ck_assert_ptr_eq(runtime_join(f[i]), (void *)TURNS);
	ck_assert_uint_eq(zag_load_acq(&turns), N * TURNS);
	ck_assert_uint_eq(zag_load_acq(&zag_sched.fibers), 1);
}
END_TEST

/* On one processor and with nobody disturbed, turns are taken in order. */
static int order[30], order_count;

static void *note_turn(void *arg)
{
	for (int i = 0; i < 3; i++) {
		order[order_count++] = (int)(long)arg;
		zag_yield();
	}
	return NULL;
}

START_TEST(yield_is_fair)
{
	struct zag_fiber *f[10];
	int at[10] = { 0 };

	boot(0);
	for (long i = 0; i < 10; i++)
		f[i] = runtime_start(note_turn, (void *)i);
	for (int i = 0; i < 10; i++)
		runtime_join(f[i]);
	ck_assert_int_eq(order_count, 30);
	/* Nobody is more than one round ahead of any other. */
	for (int i = 0; i < 30; i++) {
		at[order[i]]++;
		for (int k = 0; k < 10; k++)
			ck_assert_int_le(at[order[i]] - at[k], 2);
	}
}
END_TEST

/* --- what a fiber keeps while it moves ---------------------------------- */

static __thread long mine;
static _Atomic uint32_t mismatches;

static void *keeper(void *arg)
{
	long me = (long)arg;
	struct zag_fiber *self = zag_fiber_self();
	double x = (double)me;

	mine = me;
	errno = (int)me;
	for (int i = 0; i < 300; i++) {
		zag_yield();
		x = x * 1.5 / 1.5;
		if (mine != me || errno != (int)me || x != (double)me ||
		    zag_fiber_self() != self ||
		    zag_fiber_of(pthread_self()) != self)
			zag_add(&mismatches, 1);
	}
	return NULL;
}

START_TEST(tls_and_errno_stay_with_the_fiber)
{
	enum { N = 200 };
	struct zag_fiber *f[N];

	boot(_i);
	for (long i = 0; i < N; i++)
		f[i] = runtime_start(keeper, (void *)(i + 1));
	for (int i = 0; i < N; i++)
		runtime_join(f[i]);
	ck_assert_uint_eq(zag_load_acq(&mismatches), 0);
}
END_TEST

/* --- park and unpark ---------------------------------------------------- */

/* A place where a wait is handed over: one source of wake-ups. */
struct source {
	struct zag_lock lock; /* protects w; held while waking */
	struct zag_wait *w;
};

static void offer(struct source *s, struct zag_wait *w)
{
	zag_lock(&s->lock);
	s->w = w;
	zag_unlock(&s->lock);
}

/* True if this source woke it. */
static bool fire(struct source *s, enum zag_wake reason)
{
	bool woke;

	zag_lock(&s->lock);
	woke = s->w && zag_wait_wake(s->w, reason);
	s->w = NULL;
	zag_unlock(&s->lock);
	return woke;
}

enum { SLEEPERS = 8, SLEEPS = 3000, SOURCES = 3 };

static struct sleeper {
	struct source from[SOURCES];
	uint32_t by[SOURCES]; /* wake-ups by each */
	struct zag_fiber *f;
} sleepers[SLEEPERS];
static _Atomic uint32_t fired[SOURCES];
static _Atomic uint32_t asleep_left;
static uint64_t seed;

static const enum zag_wake reasons[SOURCES] = {
	ZAG_WAKE_READY, ZAG_WAKE_SIGNAL, ZAG_WAKE_CLOSED,
};

static void *sleeper(void *arg)
{
	struct sleeper *s = arg;

	for (int i = 0; i < SLEEPS; i++) {
		struct zag_wait w;
		enum zag_wake reason;

		zag_wait_begin(&w);
		for (int k = 0; k < SOURCES; k++)
			offer(&s->from[k], &w);
		if (i % 5 == 4 && zag_wait_cancel(&w))
			reason = ZAG_WAKE_NONE;
		else
			reason = i % 5 == 4 ? zag_wait_reason(&w) :
					      zag_wait_sleep(&w, ZAG_NEVER);
		for (int k = 0; k < SOURCES; k++) {
			offer(&s->from[k], NULL);
			s->by[k] += reason == reasons[k];
		}
	}
	zag_sub(&asleep_left, 1);
	return NULL;
}

static void fire_some(int source, uint64_t *r)
{
	uint32_t n = 0;

	for (int i = 0; i < 64; i++)
		n += fire(&sleepers[unit_random(r) % SLEEPERS].from[source],
			  reasons[source]);
	zag_add(&fired[source], n);
}

static void *waker(void *arg)
{
	int source = (int)(long)arg;
	uint64_t r = seed + 2 * (uint64_t)source;

	while (zag_load_acq(&asleep_left)) {
		fire_some(source, &r);
		zag_yield();
	}
	return NULL;
}

/* Source 0 is a native thread, the others are fibers. */
START_TEST(one_source_claims_each_wait)
{
	struct zag_fiber *f[SOURCES];
	pthread_t t;
	uint32_t by[SOURCES] = { 0 };

	seed = unit_seed();
	boot(_i);
	zag_store_rel(&asleep_left, SLEEPERS);
	for (int i = 0; i < SLEEPERS; i++)
		sleepers[i].f = runtime_start(sleeper, &sleepers[i]);
	pthread_create(&t, NULL, waker, (void *)0);
	for (long i = 1; i < SOURCES; i++)
		f[i] = runtime_start(waker, (void *)i);
	for (int i = 0; i < SLEEPERS; i++)
		runtime_join(sleepers[i].f);
	for (int i = 1; i < SOURCES; i++)
		runtime_join(f[i]);
	pthread_join(t, NULL);
	for (int i = 0; i < SLEEPERS; i++)
		for (int k = 0; k < SOURCES; k++)
			by[k] += sleepers[i].by[k];
	for (int k = 0; k < SOURCES; k++)
		ck_assert_uint_eq(by[k], zag_load_acq(&fired[k]));
}
END_TEST

/* The moment between a park's last look and its end, on the other stack. */
START_TEST(a_wake_up_while_parking)
{
	static struct zag_processor p;
	static struct zag_carrier c = { .processor = &p };
	static struct zag_fiber f;

	zag_carrier_own = &c;
	c.prev = &f;
	c.action = ZAG_ACTION_PARK;
	zag_store_rlx(&f.state, ZAG_FIBER_PARKING);
	zag_carrier_finish_switch(&c);
	ck_assert_uint_eq(zag_load_rlx(&f.state), ZAG_FIBER_PARKED);
	ck_assert_ptr_null(zag_runq_get(&p.runq));
	zag_unpark(&f);
	ck_assert_uint_eq(zag_load_rlx(&f.state), ZAG_FIBER_READY);
	ck_assert_ptr_eq(zag_runq_get(&p.runq), &f);

	c.action = ZAG_ACTION_PARK;
	zag_store_rlx(&f.state, ZAG_FIBER_PARKING);
	zag_unpark(&f);
	ck_assert_uint_eq(zag_load_rlx(&f.state), ZAG_FIBER_NOTIFIED);
	ck_assert_ptr_null(zag_runq_get(&p.runq));
	zag_carrier_finish_switch(&c);
	ck_assert_uint_eq(zag_load_rlx(&f.state), ZAG_FIBER_READY);
	ck_assert_ptr_eq(zag_runq_get(&p.runq), &f);
}
END_TEST

/* A token round a ring of parked fibers: one lost wake-up stops it. */
enum { RING = 32, ROUNDS = 2000 };

static struct source ring[RING];

static void *ring_member(void *arg)
{
	long i = (long)arg;

	for (int k = 0; k < ROUNDS; k++) {
		struct zag_wait w;

		zag_wait_begin(&w);
		offer(&ring[i], &w);
		zag_wait_sleep(&w, ZAG_NEVER);
		/* Who comes first waits for the next to be there. */
		while ((i < RING - 1 || k < ROUNDS - 1) &&
		       !fire(&ring[(i + 1) % RING], ZAG_WAKE_READY))
			zag_yield();
	}
	return NULL;
}

START_TEST(a_ring_loses_no_wake_up)
{
	struct zag_fiber *f[RING];

	boot(_i);
	for (long i = 0; i < RING; i++)
		f[i] = runtime_start(ring_member, (void *)i);
	while (!fire(&ring[0], ZAG_WAKE_READY))
		zag_yield();
	for (int i = 0; i < RING; i++)
		runtime_join(f[i]);
}
END_TEST

/* --- liveness ----------------------------------------------------------- */

static _Atomic bool released;

static void *spinner(void *arg)
{
	while (!zag_load_acq(&released))
		zag_pause();
	return arg;
}

static void *releaser(void *arg)
{
	zag_store_rel(&released, true);
	return arg;
}

/* As many spinners as processors: the fiber they wait for runs none the less,
 * on processors that are handed on. */
START_TEST(spinning_fibers_are_handed_off)
{
	int n = (int)RUNTIME_SIZE(_i);
	struct zag_fiber *f[5];
	zag_time begin;

	boot(_i);
	begin = zag_now();
	for (int i = 0; i < n; i++)
		f[i] = runtime_start(spinner, NULL);
	zag_yield(); /* now they spin; main comes back by a handoff too */
	f[n] = runtime_start(releaser, NULL);
	for (int i = 0; i <= n; i++)
		runtime_join(f[i]);
	ck_assert_int_lt(zag_now() - begin, 10000 * MS);
}
END_TEST

static void *yields_till_the_end(void *arg)
{
	while (!zag_load_acq((_Atomic bool *)arg))
		zag_yield();
	return arg;
}

/* Leaves the CPU to who is to relieve it: using much is a reason to hand off. */
static void *stands(void *arg)
{
	struct zag_fiber *f;

	zag_store_rel(&released, false);
	f = runtime_start(releaser, arg);
	while (!zag_load_acq(&released))
		syscall(SYS_sched_yield);
	return runtime_join(f);
}

static uint64_t handoffs(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < zag_sched.count; i++)
		n += zag_load_rlx(&zag_sched.processors[i].count.handoffs);
	return n;
}

/* Who is queued behind a long turn is looked after by processors that have work
 * of their own, before the monitor sees to it. */
START_TEST(who_stands_is_relieved)
{
	enum { TIMES = 50 };
	static _Atomic bool ended;
	struct zag_fiber *f;

	boot(_i);
	f = runtime_start(yields_till_the_end, (void *)&ended);
	for (int i = 0; i < TIMES; i++)
		runtime_join(runtime_start(stands, NULL));
	zag_store_rel(&ended, true);
	runtime_join(f);
	ck_assert_uint_lt(handoffs(), TIMES / 2);
}
END_TEST

static uint32_t others_turns(void)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < zag_sched.count; i++)
		n += zag_load_rlx(&zag_sched.processors[i].tick);
	return n;
}

/* Who is awake comes for the work; and if there are more CPUs, others do. */
START_TEST(no_more_are_woken_than_there_are_cpus)
{
	enum { FIBERS = 20, TURNS = 2000 };
	struct zag_fiber *f[FIBERS];

	boot(2);
	for (uint32_t cpus = 1; cpus <= 2; cpus++) {
		zag_sched.cpus = cpus;
		for (int i = 0; i < FIBERS; i++)
			f[i] = runtime_start(yielder, (void *)TURNS);
		for (int i = 0; i < FIBERS; i++)
			runtime_join(f[i]);
		if (cpus == 1)
			ck_assert_uint_lt(others_turns(), FIBERS * TURNS / 10);
	}
	ck_assert_uint_gt(others_turns(), FIBERS * TURNS / 10);
}
END_TEST

static int blocked_pipe[2];

static void *blocked(void *arg)
{
	char c;

	/* A system call nobody interposes: the processor is handed on. */
	syscall(SYS_read, blocked_pipe[0], &c, 1);
	return arg;
}

START_TEST(a_blocked_carrier_delays_nobody)
{
	struct zag_fiber *f[3];
	zag_time begin;

	boot(_i);
	ck_assert_int_eq(pipe(blocked_pipe), 0);
	for (int i = 0; i < 3; i++)
		f[i] = runtime_start(blocked, NULL);
	begin = zag_now();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(zag_sleep_until(zag_now() + 5 * MS), 0);
	ck_assert_int_lt(zag_now() - begin, 10000 * MS);
	ck_assert_int_eq(write(blocked_pipe[1], "abc", 3), 3);
	for (int i = 0; i < 3; i++)
		runtime_join(f[i]);
}
END_TEST

/* A program that sleeps uses no processor: the monitor sleeps as well. */
START_TEST(an_idle_runtime_sleeps)
{
	struct timespec a, b;

	boot(_i);
	zag_sleep_until(zag_now() + 300 * MS);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	zag_sleep_until(zag_now() + 150 * MS);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	ck_assert_int_lt((b.tv_sec - a.tv_sec) * ZAG_NSEC + b.tv_nsec -
				 a.tv_nsec, 20 * MS);
}
END_TEST

/* --- from outside ------------------------------------------------------- */

enum { MADE = 300 };

static void *maker(void *arg)
{
	struct zag_fiber **f = arg;

	for (int i = 0; i < MADE; i++)
		f[i] = runtime_start(yielder, (void *)3);
	return NULL;
}

START_TEST(a_native_thread_makes_fibers)
{
	static struct zag_fiber *f[2][MADE];
	pthread_t t[2];

	boot(_i);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, maker, f[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 2 * MADE; i++)
		runtime_join(f[i / MADE][i % MADE]);
	ck_assert_uint_eq(zag_load_acq(&turns), 2 * MADE * 3);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("sched");

	tcase_add_loop_test(c, all_fibers_get_their_turns, 0, RUNTIME_SIZES);
	tcase_add_test(c, yield_is_fair);
	tcase_add_loop_test(c, tls_and_errno_stay_with_the_fiber, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, one_source_claims_each_wait, 0, RUNTIME_SIZES);
	tcase_add_test(c, a_wake_up_while_parking);
	tcase_add_loop_test(c, a_ring_loses_no_wake_up, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, spinning_fibers_are_handed_off, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, who_stands_is_relieved, 1, RUNTIME_SIZES);
	tcase_add_test(c, no_more_are_woken_than_there_are_cpus);
	tcase_add_loop_test(c, a_blocked_carrier_delays_nobody, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, an_idle_runtime_sleeps, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_native_thread_makes_fibers, 0, RUNTIME_SIZES);
	return unit_run("sched", c);
}
