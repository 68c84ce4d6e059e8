/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random trees of scopes, deadlines, failures, cancels and channels, from a
 * seed: no thread outlives its scope, an error is reported once, every lock is
 * released, a channel gives what was sent once, or still has it.
 */
#include "../prog/check.h"

#include <zag.h>

#define LOCKS 8
#define CHANS 4
#define MOST 6 /* children of a scope */

static pthread_mutex_t locks[LOCKS];
static struct zag_chan *chans[CHANS];
static int live;

/* What went into each channel and came out: how many, and their sum. */
static struct {
	long n, sum;
} in[CHANS], out[CHANS];
static long tickets; /* what is sent, each but once; errors, too */

enum {
	FAILURES = 100000
}; /* where they begin */

struct node {
	unsigned long seed;
	int depth;
	int returned; /* what its task has returned; -1: it has not ended */
};

static unsigned long draw(unsigned long *seed, unsigned long n)
{
	*seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
	return (*seed >> 33) % n;
}

static long ticket(void)
{
	return __atomic_add_fetch(&tickets, 1, __ATOMIC_RELAXED);
}

static int grows(void *arg);

static void *grows_adopted(void *arg)
{
	grows(arg);
	return NULL;
}

/* --- scopes -------------------------------------------------------------- */

/* How many of n have been begun: by the scope, or adopted by it. */
static int spawn(struct node *n, struct zag_scope *s, struct node *child,
		 int tasks, unsigned *adopted)
{
	pthread_t t;
	int i;

	for (i = 0; i < tasks; i++) {
		child[i] = (struct node){ draw(&n->seed, 1UL << 30),
					  n->depth - 1, -1 };
		if (draw(&n->seed, 4) == 0) {
			if (pthread_create(&t, NULL, grows_adopted, &child[i]))
				break;
			CHECK_OK(pthread_detach(t));
			*adopted |= 1u << i;
		} else if (zag_scope_spawn(s, grows, &child[i])) {
			break;
		}
	}
	return i;
}

/*
 * All have ended.  The scope's error is that of the child it names; where it
 * names none, that of whoever has cancelled it; and there is one if any child
 * has one.
 */
static void check_scope(const struct node *child, int begun, unsigned adopted,
			int err, const struct node *who, int cancelled)
{
	int failures = 0;

	for (int i = 0; i < begun; i++) {
		CHECK(child[i].returned != -1);
		if (child[i].returned && !(adopted & 1u << i))
			failures++;
	}
	CHECK(!failures || err);
	if (who) {
		CHECK(who >= child && who < child + begun);
		CHECK(!(adopted & 1u << (who - child)));
		CHECK(err != 0);
		CHECK_EQ(who->returned, err);
	} else if (err) {
		CHECK(err == ETIMEDOUT || err == ECANCELED ||
		      (err == EINTR && cancelled));
	}
}

/* A scope with tasks in it; what it returns is the first error of them. */
static int branch(struct node *n, int tasks)
{
	struct node child[MOST];
	struct zag_scope *s = zag_scope_open(draw(&n->seed, 3));
	unsigned adopted = 0;
	int err, begun, cancelled;
	void *who = NULL;

	CHECK(s != NULL);
	zag_scope_adopt(s);
	begun = spawn(n, s, child, tasks, &adopted);
	cancelled = draw(&n->seed, 8) == 0;
	if (cancelled)
		zag_scope_cancel(s, EINTR);
	err = zag_scope_join(s, &who);
	check_scope(child, begun, adopted, err, who, cancelled);
	return err;
}

static int branch_in_time(struct node *n)
{
	struct timespec in_time = { 0, (long)draw(&n->seed, 3000000) };
	struct zag_limit l;
	int err;

	zag_deadline_push(&l, &in_time);
	err = branch(n, 1 + (int)draw(&n->seed, 4));
	zag_deadline_pop(&l);
	return err;
}

/* --- what tasks do ------------------------------------------------------- */

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

static int spin(struct node *n)
{
	int err;

	while (!(err = zag_check_cancel()) && draw(&n->seed, 8))
		usleep(50);
	return err;
}

static void note(int chan, int what, long v)
{
	__auto_type to = what == ZAG_SEND ? &in[chan] : &out[chan];

	__atomic_add_fetch(&to->n, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&to->sum, v, __ATOMIC_RELAXED);
}

/* A deadline that nobody need meet is no error of the task. */
static int trade(struct node *n)
{
	int a = (int)draw(&n->seed, CHANS), b = (int)draw(&n->seed, CHANS);
	int what = (int)draw(&n->seed, 2), times = 1 + (int)draw(&n->seed, 8);
	struct timespec until;
	unsigned which;
	long v, w;
	int err;

	while (times--) {
		struct zag_chan_case cases[] = { { chans[a], what, &v },
						 { chans[b], !what, &w } };

		v = w = ticket();
		until = check_timespec(check_now(CLOCK_MONOTONIC) +
				       (long)draw(&n->seed, 400000));
		err = zag_chan_select(cases, 1 + (unsigned)draw(&n->seed, 2),
				      &until, &which);
		if (!err)
			note(which ? b : a, which ? !what : what,
			     which ? w : v);
		else if (err != ETIMEDOUT || zag_check_cancel())
			return err;
	}
	return 0;
}

static int work(struct node *n)
{
	switch (draw(&n->seed, n->depth ? 10 : 6)) {
	case 0:
		if (draw(&n->seed, 4))
			return 0;
		return FAILURES + (int)ticket();
	case 1:
	case 2:
		return hold(n);
	case 3:
		return spin(n);
	case 4:
	case 5:
		return trade(n);
	case 6:
		return branch_in_time(n);
	default:
		return branch(n, 1 + (int)draw(&n->seed, MOST - 1));
	}
}

static int grows(void *arg)
{
	struct node *n = arg;
	int err;

	__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	err = work(n);
	__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
	n->returned = err;
	return err;
}

/* --- one tree ------------------------------------------------------------ */

static void check_channels(int seed)
{
	long v;

	for (int i = 0; i < CHANS; i++) {
		while (!zag_chan_tryrecv(chans[i], &v))
			note(i, ZAG_RECV, v);
		if (in[i].n != out[i].n || in[i].sum != out[i].sum)
			check_fail("seed %d, channel %d: sent %ld (%ld), "
				   "received %ld (%ld)",
				   seed, i, in[i].n, in[i].sum, out[i].n,
				   out[i].sum);
		zag_chan_free(chans[i]);
	}
}

static void tree(int seed)
{
	struct node root = { (unsigned long)seed * 77 + 5, 4, -1 };

	for (size_t i = 0; i < CHANS; i++)
		chans[i] = zag_chan_open(sizeof(long), i);
	branch(&root, 5);
	if (live || zag_check_cancel())
		check_fail("seed %d: %d live, error %d", seed, live,
			   zag_check_cancel());
	for (int i = 0; i < LOCKS; i++) {
		CHECK_OK(pthread_mutex_trylock(&locks[i]));
		CHECK_OK(pthread_mutex_unlock(&locks[i]));
	}
	check_channels(seed);
}

int main(int argc, char **argv)
{
	int trees = argc > 1 ? atoi(argv[1]) : 300;
	int first = argc > 2 ? atoi(argv[2]) : 0;

	for (int i = 0; i < LOCKS; i++)
		CHECK_OK(pthread_mutex_init(&locks[i], NULL));
	for (int i = first; i < first + trees; i++)
		tree(i);
	puts("ok");
	return 0;
}
