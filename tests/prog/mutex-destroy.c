/* SPDX-License-Identifier: BSD-2-Clause */
/* Destroying a mutex: EBUSY when locked; freed right after the unlock. */
#include "check.h"

#define ROUNDS 3000

struct counted {
	pthread_mutex_t lock;
	int users;
};

/*
 * POSIX pthread_mutex_destroy(), rationale: "A mutex can be destroyed
 * immediately after it is unlocked": the last user frees it while the unlock
 * of the one before may still be on its way out of the function.
 */
static void *drop(void *arg)
{
	struct counted *c = arg;
	int last;

	CHECK_OK(pthread_mutex_lock(&c->lock));
	last = --c->users == 0;
	CHECK_OK(pthread_mutex_unlock(&c->lock));
	if (last) {
		CHECK_OK(pthread_mutex_destroy(&c->lock));
		memset(c, 0xff, sizeof *c);
		free(c);
	}
	return NULL;
}

static struct counted *made;
static pthread_barrier_t step;

static void *drops_all(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct counted *c;

		pthread_barrier_wait(&step);
		c = made;
		pthread_barrier_wait(&step);
		drop(c);
	}
	return arg;
}

int main(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t[3];

	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_RC(pthread_mutex_destroy(&m), EBUSY);
	CHECK_OK(pthread_mutex_unlock(&m));
	CHECK_OK(pthread_mutex_destroy(&m));
	CHECK_RC(pthread_mutex_lock(&m), EINVAL);
	CHECK_OK(pthread_mutex_init(&m, NULL));
	CHECK_OK(pthread_mutex_lock(&m));
	CHECK_OK(pthread_mutex_unlock(&m));

	CHECK_OK(pthread_barrier_init(&step, NULL, 4));
	for (int i = 0; i < 3; i++)
		t[i] = check_spawn(drops_all, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		made = malloc(sizeof *made);
		CHECK(made != NULL);
		CHECK_OK(pthread_mutex_init(&made->lock, NULL));
		made->users = 3;
		pthread_barrier_wait(&step);
		pthread_barrier_wait(&step);
	}
	for (int i = 0; i < 3; i++)
		check_join(t[i]);
	puts("freed after use");
	return 0;
}
