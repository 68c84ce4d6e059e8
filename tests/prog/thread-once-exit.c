/* SPDX-License-Identifier: BSD-2-Clause */
/* A pthread_once routine that never returns leaves the control fresh. */
#include "check.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int calls;

static void gives_up(void)
{
	calls++;
	check_msleep(20);
	pthread_exit(NULL);
}

static void completes(void)
{
	calls++;
}

static void *first(void *arg)
{
	CHECK_OK(pthread_once(&once, gives_up));
	check_fail("came back");
	return arg;
}

static void *second(void *arg)
{
	check_msleep(5);
	CHECK_OK(pthread_once(&once, completes));
	return arg;
}

/*
 * POSIX: "if init_routine is a cancellation point and is canceled, the effect
 * on once_control shall be as if pthread_once() was never called"; glibc does
 * the same for pthread_exit.
 */
int main(void)
{
	pthread_t a = check_spawn(first, NULL);
	pthread_t b = check_spawn(second, NULL);

	check_join(a);
	check_join(b);
	CHECK_EQ(calls, 2);
	CHECK_OK(pthread_once(&once, completes));
	CHECK_EQ(calls, 2);
	puts("second caller completed it");
	return 0;
}
