/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_create fails with EAGAIN or EPERM and leaves nothing behind. */
#include "check.h"

#include <stdint.h>

static int ran;

static void *start(void *arg)
{
	__atomic_fetch_add(&ran, 1, __ATOMIC_SEQ_CST);
	return arg;
}

/* POSIX: "[EAGAIN] The system lacked the necessary resources". */
static void check_too_big(size_t size)
{
	pthread_attr_t a;
	pthread_t t;

	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setstacksize(&a, size));
	CHECK_RC(pthread_create(&t, &a, start, NULL), EAGAIN);
	CHECK_OK(pthread_attr_destroy(&a));
}

int main(void)
{
	pthread_attr_t a;
	pthread_t t;

	check_too_big((size_t)1 << 60);
	check_too_big((size_t)1 << 48);
	check_too_big(SIZE_MAX / 2 + 1);

	/* A guard that does not fit the stack. */
	CHECK_OK(pthread_attr_init(&a));
	CHECK_OK(pthread_attr_setguardsize(&a, SIZE_MAX / 2));
	CHECK(pthread_create(&t, &a, start, NULL) != 0);
	CHECK_OK(pthread_attr_destroy(&a));

	CHECK_EQ(ran, 0);
	check_join(check_spawn(start, NULL));
	CHECK_EQ(ran, 1);
	puts("refused with EAGAIN");
	return 0;
}
