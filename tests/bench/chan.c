/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels of zag.h: alone, and between two threads. */

#include "bench.h"

#include <zag.h>

static struct zag_chan *to, *from;

static void open_both(size_t capacity)
{
	to = zag_chan_open(sizeof(long), capacity);
	from = zag_chan_open(sizeof(long), capacity);
	if (!to || !from)
		bench_die("zag_chan_open", ENOMEM);
}

static void free_both(void)
{
	zag_chan_free(to);
	zag_chan_free(from);
}

/* n is the number of sends with their receives. */
static void alone(long n)
{
	long v = n;

	while (n--) {
		bench_ok("zag_chan_send", zag_chan_send(to, &v));
		bench_ok("zag_chan_recv", zag_chan_recv(to, &v));
	}
}

static void *echo(void *arg)
{
	long v;

	while (!zag_chan_recv(to, &v))
		bench_ok("zag_chan_send", zag_chan_send(from, &v));
	return arg;
}

static void ping_pong(size_t capacity, long n)
{
	pthread_t t;
	long v, got;

	open_both(capacity);
	bench_ok("pthread_create", pthread_create(&t, NULL, echo, NULL));
	for (v = 0; v < n; v += 2) {
		bench_ok("zag_chan_send", zag_chan_send(to, &v));
		bench_ok("zag_chan_recv", zag_chan_recv(from, &got));
		if (got != v)
			bench_die("an element was lost", EINVAL);
	}
	zag_chan_close(to);
	bench_ok("pthread_join", pthread_join(t, NULL));
	free_both();
}

/* n is the number of one-way hand-overs. */
static void buffered(long n)
{
	ping_pong(1, n);
}

static void unbuffered(long n)
{
	ping_pong(0, n);
}

int main(int argc, char **argv)
{
	bench_args(argc, argv);
	open_both(1);
	bench_loop("chan_alone", alone);
	free_both();
	bench_loop("chan_one_way", buffered);
	bench_loop("chan_rendezvous", unbuffered);
	return 0;
}
