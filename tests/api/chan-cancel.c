/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channels whose users are cancelled, unwound or run out of time in the midst
 * of it, and which are closed or freed meanwhile: what was sent was received
 * once, or is still there; what was not, never comes.
 */
#include "../prog/check.h"

#include <zag.h>

#define PAIRS 3

enum how {
	CANCEL,
	UNWIND,
	TIME,
	CLOSE,
	WAYS
};

struct user {
	struct zag_chan *chan, *other;
	enum how how;
	int what, select;
	long done; /* sends or receives that have happened */
	long sum;
	int err;
	int begun;
};

static int step(struct user *u, long *v)
{
	struct zag_chan_case cases[] = { { u->other, ZAG_RECV, v },
					 { u->chan, u->what, v } };
	struct timespec until = check_timespec(check_now(CLOCK_MONOTONIC) +
					       u->sum * 7919 % 100000);
	unsigned int which;
	int err;

	if (u->select) {
		err = zag_chan_select(cases, 2, NULL, &which);
		if (!err)
			CHECK_EQ(which, 1);
		return err;
	}
	if (u->how == TIME) {
		err = u->what == ZAG_SEND
			      ? zag_chan_timedsend(u->chan, v, &until)
			      : zag_chan_timedrecv(u->chan, v, &until);
		return err;
	}
	return u->what == ZAG_SEND ? zag_chan_send(u->chan, v)
				   : zag_chan_recv(u->chan, v);
}

/* Between the end of a call and the count nothing is a cancellation point. */
static void *uses(void *arg)
{
	struct user *u = arg;
	long v;
	int err = 0;

	check_step(&u->begun);
	for (long i = 1; u->how != TIME || i < 300; i++) {
		v = i;
		err = step(u, &v);
		if (err == ETIMEDOUT && u->how == TIME)
			continue;
		if (err)
			break;
		u->done++;
		u->sum += v;
	}
	u->err = err;
	return arg;
}

/* Some users of a channel; each is ended in its way, sooner or later. */
static void crowd(size_t capacity, enum how how, int select, unsigned int seed)
{
	struct zag_chan *c = zag_chan_open(sizeof(long), capacity);
	struct zag_chan *quiet = zag_chan_open(sizeof(long), 0);
	struct user u[2 * PAIRS] = { 0 };
	pthread_t t[2 * PAIRS];
	long sent = 0, sum = 0, v;
	void *value;

	for (int i = 0; i < 2 * PAIRS; i++) {
		u[i] = (struct user){ .chan = c,
				      .other = quiet,
				      .how = how,
				      .what = i & 1 ? ZAG_SEND : ZAG_RECV,
				      .select = select };
		t[i] = check_spawn(uses, &u[i]);
	}
	for (int i = 0; i < 2 * PAIRS; i++) {
		while (!__atomic_load_n(&u[i].begun, __ATOMIC_ACQUIRE))
			sched_yield();
		usleep((unsigned)rand_r(&seed) % 120);
		if (how == CANCEL)
			CHECK_RC(zag_cancel(t[i], EINTR), 0);
		else if (how == UNWIND)
			CHECK_OK(pthread_cancel(t[i]));
		else if (how == CLOSE)
			zag_chan_close(c);
	}
	for (int i = 0; i < 2 * PAIRS; i++) {
		value = check_join(t[i]);
		CHECK_EQ(value == PTHREAD_CANCELED, how == UNWIND);
		if (how == CANCEL)
			CHECK_EQ(u[i].err, EINTR);
		if (how == CLOSE)
			CHECK_EQ(u[i].err, EPIPE);
		sent += i & 1 ? u[i].done : -u[i].done;
		sum += i & 1 ? u[i].sum : -u[i].sum;
	}
	while (!zag_chan_tryrecv(c, &v)) {
		sent--;
		sum -= v;
	}
	if (sent || sum)
		check_fail("capacity %zu, way %d, select %d: %ld more sent "
			   "than received, %ld",
			   capacity, how, select, sent, sum);
	zag_chan_free(quiet);
	zag_chan_free(c);
}

/* One that waits alone, in each of the ways to wait. */
static void alone(size_t capacity, int what, enum how how, int select)
{
	struct zag_chan *c = zag_chan_open(sizeof(long), capacity);
	struct zag_chan *quiet = zag_chan_open(sizeof(long), 0);
	struct user u = { .chan = c,
			  .other = quiet,
			  .how = how,
			  .what = what,
			  .select = select };
	pthread_t t = check_spawn(uses, &u);
	long n = 0, v;

	while (!__atomic_load_n(&u.begun, __ATOMIC_ACQUIRE))
		usleep(100);
	check_msleep(1);
	if (how == CANCEL)
		CHECK_OK(zag_cancel(t, ECANCELED));
	else if (how == UNWIND)
		CHECK_OK(pthread_cancel(t));
	else
		zag_chan_free(c); /* which it outlives */
	check_join(t);
	if (how == CANCEL)
		CHECK_EQ(u.err, ECANCELED);
	if (how != CLOSE) {
		while (!zag_chan_tryrecv(c, &v))
			n++;
		CHECK_EQ(n, u.done);
		zag_chan_free(c);
	}
	zag_chan_free(quiet);
}

/* A shield holds off what would end it; then it is seen. */
static void *shielded(void *arg)
{
	struct user *u = arg;
	long v;

	zag_shield_enter();
	check_step(&u->begun);
	CHECK_OK(zag_chan_recv(u->chan, &v));
	CHECK_EQ(v, 9);
	zag_shield_leave();
	CHECK_RC(zag_chan_recv(u->chan, &v), EIO);
	CHECK_RC(zag_chan_send(u->chan, &v), EIO);
	CHECK_OK(zag_chan_trysend(u->chan, &v));
	return NULL;
}

static void shields(void)
{
	struct zag_chan *c = zag_chan_open(sizeof(long), 2);
	struct user u = { .chan = c };
	pthread_t t = check_spawn(shielded, &u);
	long v = 9;

	while (!__atomic_load_n(&u.begun, __ATOMIC_ACQUIRE))
		usleep(100);
	check_msleep(2);
	CHECK_OK(zag_cancel(t, EIO));
	check_msleep(2);
	CHECK_OK(zag_chan_send(c, &v));
	check_join(t);
	zag_chan_free(c);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 8;

	for (int i = 0; i < 2 * 2 * 2; i++)
		for (int how = 0; how < WAYS; how++)
			if (how != TIME)
				alone(i & 1, i & 2 ? ZAG_SEND : ZAG_RECV,
				      (enum how)how, i & 4);
	shields();
	for (unsigned int i = 0; i < rounds; i++)
		for (int how = 0; how < WAYS; how++)
			for (size_t capacity = 0; capacity < 4; capacity++)
				crowd(capacity, (enum how)how,
				      how != TIME && i & 1, i * 7 + 1);
	puts("ok");
	return 0;
}
