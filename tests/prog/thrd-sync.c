/* SPDX-License-Identifier: BSD-2-Clause */
/* C11 mutexes of each kind, condition variables, call_once, in their times. */
#include "check.h"

#include <threads.h>

#define WORKERS 50
#define ITEMS 200

static mtx_t m;
static cnd_t changed;
static once_flag once = ONCE_FLAG_INIT;
static int made, count, items, taken, done;

static void make(void)
{
	struct timespec ms = { 0, 5000000 };

	thrd_sleep(&ms, NULL);
	made++;
}

static int counts(void *arg)
{
	call_once(&once, make);
	CHECK_EQ(made, 1);
	for (int i = 0; i < ITEMS; i++) {
		CHECK_EQ(mtx_lock(arg), thrd_success);
		count++;
		if (i % 16 == 0)
			thrd_yield();
		CHECK_EQ(mtx_unlock(arg), thrd_success);
	}
	return 0;
}

static int takes(void *arg)
{
	CHECK_EQ(mtx_lock(&m), thrd_success);
	for (;;) {
		while (!items && !done)
			CHECK_EQ(cnd_wait(&changed, &m), thrd_success);
		if (!items)
			break;
		items--;
		taken++;
	}
	CHECK_EQ(mtx_unlock(&m), thrd_success);
	(void)arg;
	return 0;
}

static void start(thrd_t *t, int (*fn)(void *), void *arg)
{
	for (int i = 0; i < WORKERS; i++)
		CHECK_EQ(thrd_create(&t[i], fn, arg), thrd_success);
}

static void finish(thrd_t *t)
{
	for (int i = 0; i < WORKERS; i++)
		CHECK_EQ(thrd_join(t[i], NULL), thrd_success);
}

static void queue(void)
{
	thrd_t t[WORKERS];

	start(t, takes, NULL);
	for (int i = 0; i < ITEMS; i++) {
		CHECK_EQ(mtx_lock(&m), thrd_success);
		items++;
		CHECK_EQ(cnd_signal(&changed), thrd_success);
		CHECK_EQ(mtx_unlock(&m), thrd_success);
	}
	CHECK_EQ(mtx_lock(&m), thrd_success);
	done = 1;
	CHECK_EQ(cnd_broadcast(&changed), thrd_success);
	CHECK_EQ(mtx_unlock(&m), thrd_success);
	finish(t);
	CHECK_EQ(taken, ITEMS);
}

static int tries(void *arg)
{
	struct timespec soon = check_in_ms(CLOCK_REALTIME, 20);

	CHECK_EQ(mtx_trylock(arg), thrd_busy);
	CHECK_EQ(mtx_timedlock(arg, &soon), thrd_timedout);
	return 0;
}

static void kinds(void)
{
	static const int kind[] = { mtx_plain, mtx_timed,
				    mtx_plain | mtx_recursive,
				    mtx_timed | mtx_recursive };

	for (int i = 0; i < 4; i++) {
		thrd_t t[WORKERS], u;
		mtx_t x;

		CHECK_EQ(mtx_init(&x, kind[i]), thrd_success);
		count = 0;
		start(t, counts, &x);
		finish(t);
		CHECK_EQ(count, WORKERS * ITEMS);
		CHECK_EQ(mtx_lock(&x), thrd_success);
		CHECK_EQ(mtx_trylock(&x),
			 kind[i] & mtx_recursive ? thrd_success : thrd_busy);
		CHECK_EQ(thrd_create(&u, tries, &x), thrd_success);
		CHECK_EQ(thrd_join(u, NULL), thrd_success);
		if (kind[i] & mtx_recursive)
			CHECK_EQ(mtx_unlock(&x), thrd_success);
		CHECK_EQ(mtx_unlock(&x), thrd_success);
		mtx_destroy(&x);
	}
}

static void timed_condition(void)
{
	struct timespec soon = check_in_ms(CLOCK_REALTIME, 20);

	CHECK_EQ(mtx_lock(&m), thrd_success);
	CHECK_EQ(cnd_timedwait(&changed, &m, &soon), thrd_timedout);
	CHECK_EQ(mtx_unlock(&m), thrd_success);
}

int main(void)
{
	CHECK_EQ(mtx_init(&m, mtx_plain), thrd_success);
	CHECK_EQ(cnd_init(&changed), thrd_success);
	kinds();
	queue();
	timed_condition();
	cnd_destroy(&changed);
	mtx_destroy(&m);
	puts("ok");
	return 0;
}
