/* SPDX-License-Identifier: BSD-2-Clause */
/* main() calls pthread_exit: the others run on; the exit status is 0. */
#include "check.h"

static pthread_t main_thread;

/*
 * POSIX pthread_exit(): "The process shall exit with an exit status of 0 after
 * the last thread has been terminated.  The behavior shall be as if the
 * implementation called exit() with a zero argument".
 */
static void at_exit(void)
{
	puts("exit handlers ran");
}

static void *last(void *arg)
{
	check_join(*(pthread_t *)arg);
	puts("the last thread ends");
	return (void *)3;
}

static void *start(void *arg)
{
	void *value;

	/* The main thread can be joined as any other. */
	CHECK_OK(pthread_join(main_thread, &value));
	CHECK_EQ((long)value, 7);
	puts("main joined");
	check_msleep(50);
	return arg;
}

int main(void)
{
	static pthread_t t;

	CHECK_EQ(atexit(at_exit), 0);
	main_thread = pthread_self();
	t = check_spawn(start, NULL);
	CHECK_OK(pthread_detach(check_spawn(last, &t)));
	pthread_exit((void *)7);
}
