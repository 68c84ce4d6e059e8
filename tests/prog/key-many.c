/* SPDX-License-Identifier: BSD-2-Clause */
/* All PTHREAD_KEYS_MAX keys, then EAGAIN; old values never come back. */
#include "check.h"

#include <limits.h>

static pthread_key_t key[PTHREAD_KEYS_MAX];
static int keys, destroyed;

static void destroy(void *value)
{
	(void)value;
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void *start(void *arg)
{
	char *base = arg;

	for (int i = 0; i < keys; i++)
		CHECK(pthread_getspecific(key[i]) == NULL);
	for (int i = 0; i < keys; i++)
		CHECK_OK(pthread_setspecific(key[i], base + i));
	sched_yield();
	for (int i = 0; i < keys; i++)
		CHECK(pthread_getspecific(key[i]) == base + i);
	return NULL;
}

/*
 * POSIX: "Upon key creation, the value NULL shall be associated with the new
 * key in all active threads", also where a deleted key had its slot.
 */
static void check_reuse(void)
{
	pthread_key_t old = key[keys / 2], fresh;

	CHECK_OK(pthread_setspecific(old, &old));
	CHECK_OK(pthread_key_delete(old));
	CHECK_RC(pthread_key_delete(old), EINVAL);
	CHECK_RC(pthread_setspecific(old, &old), EINVAL);
	CHECK_OK(pthread_key_create(&fresh, NULL));
	CHECK_EQ(fresh, old);
	CHECK(pthread_getspecific(fresh) == NULL);
}

int main(void)
{
	static char base[8][PTHREAD_KEYS_MAX];
	pthread_t t[8];
	pthread_key_t extra;

	/* Some may be in use by libraries; most are not. */
	while (keys < PTHREAD_KEYS_MAX &&
	       pthread_key_create(&key[keys], destroy) == 0)
		keys++;
	CHECK(keys >= PTHREAD_KEYS_MAX - 24);
	CHECK_RC(pthread_key_create(&extra, NULL), EAGAIN);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++)
			t[i] = check_spawn(start, base[i]);
		for (int i = 0; i < 8; i++)
			check_join(t[i]);
	}
	CHECK_EQ(destroyed, 3 * 8 * keys);
	check_reuse();
	for (int i = 0; i < keys; i++)
		CHECK_OK(pthread_key_delete(key[i]));
	CHECK_RC(pthread_setspecific(PTHREAD_KEYS_MAX, &extra), EINVAL);
	CHECK(pthread_getspecific(PTHREAD_KEYS_MAX) == NULL);
	puts("all keys used");
	return 0;
}
