/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random trees of scopes, deadlines, failures and cancels, from a seed: no
 * thread outlives its scope, the first error is reported once, every lock is
 * released.
 */
#include "../prog/check.h"

#include <zag.h>

#define LOCKS 8

static pthread_mutex_t locks[LOCKS];
static int live;

struct node {
	unsigned long seed;
	int depth;
	int returned; /* what its task has returned; -1: it has not begun */
};

static unsigned long draw(unsigned long *seed, unsigned long n)
{
	*seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
	return (*seed >> 33) % n;
}

static int grows(void *arg);

/* A scope with tasks in it; what it returns is the first error of them. */
static int branch(struct node *n, int tasks)
{
	struct node child[6];
	struct zag_scope *s = zag_scope_open(draw(&n->seed, 3));
	void *who = NULL;
	int err, first = 0;

	CHECK(s != NULL);
	for (int i = 0; i < tasks; i++) {
		child[i] = (struct node){ draw(&n->seed, 1UL << 30),
					  n->depth - 1, -1 };
		if (zag_scope_spawn(s, grows, &child[i]))
			break;
	}
	if (draw(&n->seed, 8) == 0)
		zag_scope_cancel(s, EINTR);
	err = zag_scope_join(s, &who);
	if (who) {
		first = ((struct node *)who)->returned;
		CHECK_EQ(err, first);
	}
	CHECK(!who || err);
	return err;
}

static int hold(struct node *n)
{
	pthread_mutex_t *m = &locks[draw(&n->seed, LOCKS)];
	int err;

	CHECK_OK(pthread_mutex_lock(m));
	usleep(draw(&n->seed, 200));
	err = zag_check_cancel();
	CHECK_OK(pthread_mutex_unlock(m));
	return err;
}

static int work(struct node *n)
{
	struct timespec in = { 0, (long)draw(&n->seed, 3000000) };
	struct zag_limit l;
	int err;

	switch (draw(&n->seed, n->depth ? 8 : 4)) {
	case 0:
		return draw(&n->seed, 4) ? 0 : EIO;
	case 1:
	case 2:
		return hold(n);
	case 3:
		while (!(err = zag_check_cancel()) && draw(&n->seed, 8))
			usleep(50);
		return err;
	case 4:
		zag_deadline_push(&l, &in);
		err = branch(n, 1 + (int)draw(&n->seed, 4));
		zag_deadline_pop(&l);
		return err;
	default:
		return branch(n, 1 + (int)draw(&n->seed, 5));
	}
}

static int grows(void *arg)
{
	struct node *n = arg;

	__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	n->returned = work(n);
	__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
	return n->returned;
}

int main(int argc, char **argv)
{
	int trees = argc > 1 ? atoi(argv[1]) : 300;

	for (int i = 0; i < LOCKS; i++)
		CHECK_OK(pthread_mutex_init(&locks[i], NULL));
	for (int i = 0; i < trees; i++) {
		struct node root = { (unsigned long)i * 77 + 5, 3, -1 };

		branch(&root, 3);
		if (live || zag_check_cancel())
			check_fail("seed %d: %d live, error %d", i, live,
				   zag_check_cancel());
	}
	for (int i = 0; i < LOCKS; i++)
		CHECK_OK(pthread_mutex_trylock(&locks[i]));
	puts("ok");
	return 0;
}
