/* SPDX-License-Identifier: BSD-2-Clause */
/* Scopes that adopt the threads which pthread_create makes in them. */
#include "../prog/check.h"

#include <zag.h>

static struct zag_chan *quiet; /* nobody ever sends */
static int live, ended;

static void leaves(void *arg)
{
	__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
	(void)arg;
}

/* Waits for what never comes; its result is why it ends. */
static void *waits(void *arg)
{
	long err;

	__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
	pthread_cleanup_push(leaves, NULL);
	err = zag_chan_recv(quiet, NULL);
	if (arg)
		pthread_exit((void *)err);
	pthread_cleanup_pop(1);
	return (void *)err;
}

static void *sleeps(void *arg)
{
	__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
	check_msleep(10);
	leaves(NULL);
	return arg;
}

static void *creates(void *arg)
{
	pthread_t t = check_spawn(sleeps, NULL);

	CHECK_OK(pthread_detach(t));
	return sleeps(arg);
}

static struct zag_scope *adopting(void)
{
	struct zag_scope *s = zag_scope_open(0);

	CHECK(s != NULL);
	zag_scope_adopt(s);
	ended = 0;
	return s;
}

static void all_ended(struct zag_scope *s, int err, int n)
{
	CHECK_RC(zag_scope_join(s, NULL), err);
	CHECK_EQ(live, 0);
	CHECK_EQ(ended, n);
}

/* The join waits; who joins or detaches them is as always. */
static void joins(void)
{
	struct zag_scope *s = adopting();
	pthread_t t[3];
	pthread_attr_t attr;

	CHECK_OK(pthread_attr_init(&attr));
	CHECK_OK(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	for (long i = 0; i < 3; i++)
		CHECK_OK(pthread_create(&t[i], i == 2 ? &attr : NULL, creates,
					(void *)i));
	CHECK_OK(pthread_attr_destroy(&attr));
	CHECK_EQ((long)check_join(t[0]), 0);
	all_ended(s, 0, 6);
	CHECK_EQ((long)check_join(t[1]), 1);
}

/* With the scope, by any of its ways; also one that comes too late. */
static void cancels(int err)
{
	struct zag_scope *s = adopting();
	struct timespec in = { 0, 10 * CHECK_MS };
	struct zag_limit l;
	pthread_t t[4];

	if (err == ETIMEDOUT)
		zag_deadline_push(&l, &in);
	for (long i = 0; i < 3; i++)
		t[i] = check_spawn(waits, (void *)(i & 1));
	check_msleep(1);
	if (err != ETIMEDOUT)
		zag_scope_cancel(s, err);
	t[3] = check_spawn(waits, NULL);
	all_ended(s, err, 4);
	if (err == ETIMEDOUT)
		zag_deadline_pop(&l);
	for (int i = 0; i < 4; i++)
		CHECK_EQ((long)check_join(t[i]),
			 err == ETIMEDOUT ? ETIMEDOUT : ECANCELED);
}

/* pthread_cancel ends a member, which is no error of the scope. */
static void unwinds(void)
{
	struct zag_scope *s = adopting();
	pthread_t t = check_spawn(waits, NULL);

	while (!__atomic_load_n(&live, __ATOMIC_SEQ_CST))
		usleep(100);
	CHECK_OK(pthread_cancel(t));
	all_ended(s, 0, 1);
	CHECK(check_join(t) == PTHREAD_CANCELED);
}

/* A task that is unwound, with a scope inside: that ends, too. */
static int waits_inside(void *arg)
{
	return (int)(long)waits(arg);
}

static int opens(void *arg)
{
	struct zag_scope *s = zag_scope_open(0);

	*(pthread_t *)arg = pthread_self();
	CHECK_OK(zag_scope_spawn(s, waits_inside, NULL));
	zag_chan_recv(quiet, NULL);
	return 0;
}

static void task_unwinds(void)
{
	struct zag_scope *s = zag_scope_open(0);
	static pthread_t t;
	void *who;

	ended = 0;
	CHECK_OK(zag_scope_spawn(s, opens, &t));
	while (!__atomic_load_n(&live, __ATOMIC_SEQ_CST))
		usleep(100);
	check_msleep(1);
	CHECK_OK(pthread_cancel(t));
	CHECK_RC(zag_scope_join(s, &who), ECANCELED);
	CHECK(who == &t);
	CHECK_EQ(live, 0);
	CHECK_EQ(ended, 1);
}

/* A task's threads are members, too; so are those of a scope inside that does
 * not adopt, which does not wait for them. */
static int nests(void *arg)
{
	struct zag_scope *inner = zag_scope_open(0);
	pthread_t t = check_spawn(waits, NULL);

	CHECK_OK(pthread_detach(t));
	CHECK_OK(zag_scope_join(inner, NULL));
	while (!__atomic_load_n(&live, __ATOMIC_SEQ_CST))
		usleep(100);
	return arg ? EIO : 0;
}

static void nested(void)
{
	struct zag_scope *s = adopting();
	void *who;

	CHECK_OK(zag_scope_spawn(s, nests, s));
	CHECK_RC(zag_scope_join(s, &who), EIO);
	CHECK(who == s);
	CHECK_EQ(live, 0);
	CHECK_EQ(ended, 1);
}

/* Without the request a thread is nobody's. */
static void not_asked(void)
{
	struct zag_scope *s = zag_scope_open(0);
	pthread_t t = check_spawn(waits, NULL);

	while (!__atomic_load_n(&live, __ATOMIC_SEQ_CST))
		usleep(100);
	zag_scope_cancel(s, EIO);
	CHECK_RC(zag_scope_join(s, NULL), EIO);
	check_msleep(2);
	CHECK_EQ(__atomic_load_n(&live, __ATOMIC_SEQ_CST), 1);
	CHECK_OK(zag_cancel(t, EINTR));
	CHECK_EQ((long)check_join(t), EINTR);
}

/* The first error ends the others at once, whatever the owner does. */
static int receives(void *arg)
{
	int err = zag_chan_recv(quiet, NULL);

	CHECK_EQ(err, ECANCELED);
	CHECK_OK(zag_chan_trysend(arg, NULL));
	return err;
}

static int fails(void *arg)
{
	check_msleep(2);
	return arg ? EIO : 0;
}

static void at_once(void)
{
	struct zag_chan *c = zag_chan_open(0, 2);
	struct zag_scope *s = zag_scope_open(0);

	CHECK_OK(zag_scope_spawn(s, receives, c));
	CHECK_OK(zag_scope_spawn(s, receives, c));
	CHECK_OK(zag_scope_spawn(s, fails, s));
	CHECK_OK(zag_chan_recv(c, NULL));
	CHECK_OK(zag_chan_recv(c, NULL));
	CHECK_RC(zag_scope_join(s, NULL), EIO);
	zag_chan_free(c);
}

int main(void)
{
	quiet = zag_chan_open(0, 0);
	for (int i = 0; i < 10; i++) {
		joins();
		cancels(EIO);
		cancels(ETIMEDOUT);
		unwinds();
		task_unwinds();
		nested();
		not_asked();
		at_once();
	}
	zag_chan_free(quiet);
	puts("ok");
	return 0;
}
