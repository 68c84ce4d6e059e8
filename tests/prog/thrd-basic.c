/* SPDX-License-Identifier: BSD-2-Clause */
/* C11 threads: create, join, detach, exit, who is who, sleep, thread storage. */
#include "check.h"

#include <threads.h>

static tss_t key;
static int destroyed;
static thrd_t main_thread;
static _Thread_local int own = 5;

static void destroys(void *arg)
{
	CHECK_EQ(*(int *)arg, 9);
	free(arg);
	__atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

static int returns(void *arg)
{
	return *(int *)arg;
}

static void exits_deeply(int value)
{
	thrd_exit(value);
}

static int exits(void *arg)
{
	exits_deeply(*(int *)arg);
	return 0;
}

static int is_itself(void *arg)
{
	thrd_t *self = arg;

	*self = thrd_current();
	CHECK(!thrd_equal(thrd_current(), main_thread));
	CHECK_EQ(own, 5);
	own = 6;
	return 0;
}

static int has_storage(void *arg)
{
	int *p = malloc(sizeof(*p));

	(void)arg;
	CHECK(tss_get(key) == NULL);
	*p = 9;
	CHECK_EQ(tss_set(key, p), thrd_success);
	thrd_yield();
	CHECK(tss_get(key) == p);
	return 0;
}

static int join(thrd_t t)
{
	int result = -2;

	CHECK_EQ(thrd_join(t, &result), thrd_success);
	return result;
}

static void values(void)
{
	static const int all[] = { 0, 1, -1, 2147483647, -2147483647 - 1 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		thrd_t t;

		CHECK_EQ(thrd_create(&t, returns, (void *)&all[i]), 0);
		CHECK_EQ(join(t), all[i]);
		CHECK_EQ(thrd_create(&t, exits, (void *)&all[i]), 0);
		CHECK_EQ(join(t), all[i]);
	}
}

static int posts(void *arg)
{
	__atomic_store_n((int *)arg, 1, __ATOMIC_RELEASE);
	return 0;
}

static void detached(void)
{
	struct timespec ms = { 0, 1000000 };
	int done = 0;
	thrd_t t;

	CHECK_EQ(thrd_create(&t, posts, &done), thrd_success);
	CHECK_EQ(thrd_detach(t), thrd_success);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		CHECK_EQ(thrd_sleep(&ms, NULL), 0);
}

int main(void)
{
	enum { MANY = 1000 };
	static thrd_t many[MANY];
	struct timespec bad = { 0, 1000000000 };
	thrd_t t, self;

	main_thread = thrd_current();
	CHECK(thrd_equal(main_thread, pthread_self()));
	values();
	CHECK_EQ(thrd_create(&t, is_itself, &self), thrd_success);
	join(t);
	CHECK(thrd_equal(t, self));
	CHECK_EQ(own, 5);
	CHECK_EQ(tss_create(&key, destroys), thrd_success);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(thrd_create(&many[i], has_storage, NULL), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_EQ(join(many[i]), 0);
	CHECK_EQ(destroyed, MANY);
	tss_delete(key);
	detached();
	CHECK_EQ(thrd_sleep(&bad, NULL), -2);
	puts("ok");
	return 0;
}
