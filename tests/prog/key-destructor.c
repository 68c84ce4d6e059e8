/* SPDX-License-Identifier: BSD-2-Clause */
/* Destructors of thread-specific data: value, order, repeats, delete. */
#include "check.h"

#include <limits.h>

static pthread_key_t once_key, stubborn, second, deleted;
static int once_calls, stubborn_calls, second_calls, deleted_calls;
static int second_value_seen;

/*
 * POSIX pthread_key_create(): "if a key value has a non-NULL destructor
 * pointer, and the thread has a non-NULL value associated with that key, the
 * value of the key is set to NULL, and then the function pointed to is called
 * with the previously associated value as its sole argument."
 */
static void destroy_once(void *value)
{
	CHECK(value == &once_key);
	CHECK(pthread_getspecific(once_key) == NULL);
	once_calls++;
}

/* Sets itself again for ever: called PTHREAD_DESTRUCTOR_ITERATIONS times. */
static void destroy_stubborn(void *value)
{
	stubborn_calls++;
	CHECK_OK(pthread_setspecific(stubborn, value));
	/* A destructor may give another key its first value. */
	if (stubborn_calls == 2)
		CHECK_OK(pthread_setspecific(second, &second_value_seen));
}

static void destroy_second(void *value)
{
	*(int *)value = 1;
	second_calls++;
	/* Blocking in a destructor is allowed. */
	usleep(1000);
	sched_yield();
}

static void destroy_deleted(void *value)
{
	(void)value;
	deleted_calls++;
}

static void *start(void *arg)
{
	CHECK(pthread_getspecific(once_key) == NULL);
	CHECK_OK(pthread_setspecific(once_key, &once_key));
	CHECK_OK(pthread_setspecific(stubborn, &stubborn));
	CHECK_OK(pthread_setspecific(deleted, &deleted));
	/* "No destructor functions shall be invoked by pthread_key_delete". */
	CHECK_OK(pthread_key_delete(deleted));
	CHECK_EQ(deleted_calls, 0);
	return arg;
}

/* A value set back to NULL has nothing to destroy. */
static void *clears(void *arg)
{
	CHECK_OK(pthread_setspecific(once_key, &once_key));
	CHECK_OK(pthread_setspecific(once_key, NULL));
	return arg;
}

int main(void)
{
	CHECK_OK(pthread_key_create(&once_key, destroy_once));
	CHECK_OK(pthread_key_create(&stubborn, destroy_stubborn));
	CHECK_OK(pthread_key_create(&second, destroy_second));
	CHECK_OK(pthread_key_create(&deleted, destroy_deleted));
	check_join(check_spawn(start, NULL));
	CHECK_EQ(once_calls, 1);
	CHECK_EQ(stubborn_calls, PTHREAD_DESTRUCTOR_ITERATIONS);
	CHECK_EQ(second_calls, 1);
	CHECK_EQ(second_value_seen, 1);
	CHECK_EQ(deleted_calls, 0);

	check_join(check_spawn(clears, NULL));
	CHECK_EQ(once_calls, 1);

	/* Values of the main thread outlive those of others. */
	CHECK_OK(pthread_setspecific(once_key, &once_key));
	check_join(check_spawn(clears, NULL));
	CHECK(pthread_getspecific(once_key) == &once_key);
	printf("destructors: %d, %d, %d\n", once_calls, stubborn_calls,
	       second_calls);
	return 0;
}
