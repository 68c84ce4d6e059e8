/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels: order, capacity, time, closing, many to many, select. */
#include "../prog/check.h"

#include <zag.h>

#define PRODUCERS 4
#define CONSUMERS 3
#define EACH 3000

static struct zag_chan *chan;

static void buffers(void)
{
	struct zag_chan *c = zag_chan_open(sizeof(int), 3);
	int n;

	CHECK(c != NULL);
	CHECK_RC(zag_chan_tryrecv(c, &n), EAGAIN);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			CHECK_OK(i & 1 ? zag_chan_send(c, &i)
				       : zag_chan_trysend(c, &i));
		CHECK_RC(zag_chan_trysend(c, &round), EAGAIN);
		CHECK_OK(zag_chan_recv(c, &n));
		CHECK_EQ(n, 0);
		CHECK_OK(zag_chan_send(c, &round));
		for (int i = 1; i < 3; i++) {
			CHECK_OK(zag_chan_tryrecv(c, &n));
			CHECK_EQ(n, i);
		}
		CHECK_OK(zag_chan_recv(c, &n));
		CHECK_EQ(n, round);
	}
	n = 77;
	CHECK_OK(zag_chan_send(c, &n));
	zag_chan_close(c);
	zag_chan_close(c);
	CHECK_RC(zag_chan_send(c, &n), EPIPE);
	CHECK_RC(zag_chan_trysend(c, &n), EPIPE);
	n = 0;
	CHECK_OK(zag_chan_recv(c, &n));
	CHECK_EQ(n, 77);
	CHECK_RC(zag_chan_recv(c, &n), EPIPE);
	CHECK_RC(zag_chan_tryrecv(c, &n), EPIPE);
	zag_chan_free(c);
	zag_chan_free(NULL);
	CHECK(zag_chan_open(SIZE_MAX / 2, 3) == NULL);
	c = zag_chan_open(0, 2);
	CHECK_OK(zag_chan_send(c, NULL));
	CHECK_OK(zag_chan_recv(c, NULL));
	CHECK_RC(zag_chan_tryrecv(c, NULL), EAGAIN);
	zag_chan_free(c);
}

/* --- time ---------------------------------------------------------------- */

static void times_out(struct zag_chan *c, int send)
{
	struct timespec until = check_in_ms(CLOCK_MONOTONIC, 15);
	struct timespec in = { 0, 15 * CHECK_MS };
	long long began = check_now(CLOCK_MONOTONIC), took;
	struct zag_limit l;
	int n = 0;

	CHECK_RC(send ? zag_chan_timedsend(c, &n, &until)
		      : zag_chan_timedrecv(c, &n, &until),
		 ETIMEDOUT);
	CHECK_EQ(zag_check_cancel(), 0);
	zag_deadline_push(&l, &in);
	CHECK_RC(send ? zag_chan_send(c, &n) : zag_chan_recv(c, &n), ETIMEDOUT);
	CHECK_EQ(zag_check_cancel(), ETIMEDOUT);
	zag_deadline_pop(&l);
	took = check_now(CLOCK_MONOTONIC) - began;
	CHECK(took >= 30 * CHECK_MS);
	CHECK(took < 10000 * CHECK_MS);
	CHECK_RC(send ? zag_chan_trysend(c, &n) : zag_chan_tryrecv(c, &n),
		 EAGAIN);
}

static void times(void)
{
	struct timespec past = { 0, 0 };
	struct zag_chan *c;
	int n = 5;

	for (size_t capacity = 0; capacity < 2; capacity++) {
		c = zag_chan_open(sizeof(int), capacity);
		times_out(c, 0);
		if (capacity)
			CHECK_OK(zag_chan_timedsend(c, &n, &past));
		times_out(c, 1);
		zag_chan_free(c);
	}
}

/* --- many to many -------------------------------------------------------- */

static int arrived[PRODUCERS][EACH], sending;

static void *produces(void *arg)
{
	int me = (int)(long)arg, v;

	for (int i = 0; i < EACH; i++) {
		v = me * EACH + i;
		CHECK_OK(zag_chan_send(chan, &v));
	}
	if (!__atomic_sub_fetch(&sending, 1, __ATOMIC_SEQ_CST))
		zag_chan_close(chan);
	return NULL;
}

/* What one has sent comes to each in the order in which it was sent. */
static void *consumes(void *arg)
{
	int last[PRODUCERS], v, err;

	memset(last, -1, sizeof(last));
	while (!(err = zag_chan_recv(chan, &v))) {
		CHECK(v % EACH > last[v / EACH]);
		last[v / EACH] = v % EACH;
		__atomic_add_fetch(&arrived[v / EACH][v % EACH], 1,
				   __ATOMIC_RELAXED);
	}
	CHECK_EQ(err, EPIPE);
	return arg;
}

static void many(size_t capacity, int producers, int consumers)
{
	pthread_t t[PRODUCERS + CONSUMERS];
	int n = 0;

	memset(arrived, 0, sizeof(arrived));
	chan = zag_chan_open(sizeof(int), capacity);
	sending = producers;
	for (long i = 0; i < producers; i++)
		t[n++] = check_spawn(produces, (void *)i);
	for (int i = 0; i < consumers; i++)
		t[n++] = check_spawn(consumes, NULL);
	while (n)
		check_join(t[--n]);
	zag_chan_free(chan);
	for (int i = 0; i < producers; i++)
		for (int j = 0; j < EACH; j++)
			CHECK_EQ(arrived[i][j], 1);
}

/* --- select -------------------------------------------------------------- */

/* Two always have something: neither is forgotten. */
static void select_is_fair(void)
{
	struct zag_chan *c[2];
	struct zag_chan_case cases[3] = { 0 };
	unsigned int which, seen[2] = { 0 };
	int n = 1;

	for (int i = 0; i < 2; i++) {
		c[i] = zag_chan_open(sizeof(int), 1);
		cases[i] = (struct zag_chan_case){ c[i], ZAG_RECV, &n };
		CHECK_OK(zag_chan_send(c[i], &n));
	}
	for (int i = 0; i < 2000; i++) {
		CHECK_OK(zag_chan_select(cases, 3, NULL, &which));
		CHECK(which < 2);
		seen[which]++;
		CHECK_OK(zag_chan_send(c[which], &n));
	}
	CHECK(seen[0] > 600 && seen[1] > 600);
	zag_chan_free(c[0]);
	zag_chan_free(c[1]);
}

static void select_by_oneself(void)
{
	struct timespec poll = { 0, 0 };
	struct zag_chan *c = zag_chan_open(sizeof(int), 0);
	struct zag_chan_case cases[] = { { c, ZAG_SEND, &(int){ 1 } },
					 { c, ZAG_RECV, &(int){ 2 } } };
	struct timespec until = check_in_ms(CLOCK_MONOTONIC, 5);
	unsigned int which = 0;

	CHECK_RC(zag_chan_select(cases, 2, &until, &which), ETIMEDOUT);
	CHECK_EQ(which, 2);
	CHECK_RC(zag_chan_select(cases, 2, &poll, NULL), ETIMEDOUT);
	CHECK_RC(zag_chan_select(NULL, 0, &poll, NULL), ETIMEDOUT);
	zag_chan_close(c);
	CHECK_RC(zag_chan_select(cases, 2, NULL, &which), EPIPE);
	CHECK(which < 2);
	zag_chan_free(c);
}

/* Each trades tokens on all channels; no token is lost or made. */
#define MARKETS 10
#define TRADERS 6
static struct zag_chan *market[MARKETS];

static void *trades(void *arg)
{
	struct zag_chan_case cases[2 * MARKETS];
	long have = 100;
	unsigned int which;

	for (int i = 0; i < MARKETS; i++) {
		cases[i] = (struct zag_chan_case){ market[i], ZAG_SEND, NULL };
		cases[MARKETS + i] =
			(struct zag_chan_case){ market[i], ZAG_RECV, NULL };
	}
	for (int i = 0; i < 1500; i++) {
		struct timespec until = check_in_ms(CLOCK_MONOTONIC, 20);
		int err = zag_chan_select(cases, 2 * MARKETS, &until, &which);

		if (err == ETIMEDOUT)
			break; /* the others have gone */
		CHECK_OK(err);
		have += which < MARKETS ? -1 : 1;
	}
	(void)arg;
	return (void *)have;
}

static void select_many(void)
{
	pthread_t t[TRADERS];
	long all = 0;

	for (int i = 0; i < MARKETS; i++)
		market[i] = zag_chan_open(0, i < 5 ? 0 : (size_t)i - 4);
	for (int i = 0; i < TRADERS; i++)
		t[i] = check_spawn(trades, NULL);
	for (int i = 0; i < TRADERS; i++)
		all += (long)check_join(t[i]);
	for (int i = 0; i < MARKETS; i++) {
		while (!zag_chan_tryrecv(market[i], NULL))
			all++;
		zag_chan_free(market[i]);
	}
	CHECK_EQ(all, 100 * TRADERS);
}

/* One among many that select waits no longer than its turn. */
static void *selects(void *arg)
{
	struct zag_chan_case cases[] = { { market[0], ZAG_RECV, NULL },
					 { market[1], ZAG_RECV, NULL } };

	while (!zag_chan_select(cases, 2, NULL, NULL))
		;
	return arg;
}

static void *receives_50(void *arg)
{
	for (int i = 0; i < 50; i++)
		CHECK_OK(zag_chan_recv(market[0], NULL));
	__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void none_starves(size_t capacity)
{
	pthread_t t[5];
	int done = 0, sends = 0;

	market[0] = zag_chan_open(0, capacity);
	market[1] = zag_chan_open(0, capacity);
	for (int i = 0; i < 4; i++)
		t[i] = check_spawn(selects, NULL);
	t[4] = check_spawn(receives_50, &done);
	while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST)) {
		CHECK_OK(zag_chan_send(market[sends & 1], NULL));
		if (++sends > 1000000)
			check_fail("one has starved");
	}
	zag_chan_close(market[0]);
	zag_chan_close(market[1]);
	for (int i = 0; i < 5; i++)
		check_join(t[i]);
	zag_chan_free(market[0]);
	zag_chan_free(market[1]);
}

int main(void)
{
	buffers();
	times();
	for (size_t capacity = 0; capacity < 9; capacity += 1 + capacity) {
		many(capacity, 1, 1);
		many(capacity, PRODUCERS, 1);
		many(capacity, 1, CONSUMERS);
		many(capacity, PRODUCERS, CONSUMERS);
	}
	select_is_fair();
	select_by_oneself();
	select_many();
	none_starves(0);
	none_starves(2);
	puts("ok");
	return 0;
}
