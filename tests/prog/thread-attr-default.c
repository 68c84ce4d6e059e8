/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_getattr_default_np and pthread_setattr_default_np. */
#include "check.h"

static void *start(void *arg)
{
	pthread_attr_t a;
	size_t size;

	CHECK_OK(pthread_getattr_np(pthread_self(), &a));
	CHECK_OK(pthread_attr_getstacksize(&a, &size));
	CHECK_OK(pthread_attr_destroy(&a));
	*(size_t *)arg = size;
	return NULL;
}

int main(void)
{
	pthread_attr_t a, b;
	size_t size, seen;
	int state;

	CHECK_OK(pthread_getattr_default_np(&a));
	CHECK_OK(pthread_attr_getdetachstate(&a, &state));
	CHECK_EQ(state, PTHREAD_CREATE_JOINABLE);
	CHECK_OK(pthread_attr_setstacksize(&a, 512 * 1024));
	CHECK_OK(pthread_setattr_default_np(&a));

	CHECK_OK(pthread_getattr_default_np(&b));
	CHECK_OK(pthread_attr_getstacksize(&b, &size));
	CHECK_EQ(size, 512 * 1024);
	CHECK_OK(pthread_attr_destroy(&b));

	/* An attribute made now reads the new default; so does a thread. */
	CHECK_OK(pthread_attr_init(&b));
	CHECK_OK(pthread_attr_getstacksize(&b, &size));
	CHECK_EQ(size, 512 * 1024);
	check_join(check_spawn(start, &seen));
	CHECK_EQ(seen, 512 * 1024);

	/* A default may not be a given stack. */
	CHECK_OK(pthread_attr_setstack(&b, malloc(262144), 262144));
	CHECK_RC(pthread_setattr_default_np(&b), EINVAL);
	CHECK_OK(pthread_attr_destroy(&b));
	CHECK_OK(pthread_attr_destroy(&a));
	puts("default changed");
	return 0;
}
