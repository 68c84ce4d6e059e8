/* SPDX-License-Identifier: BSD-2-Clause */
/* A program with libev loops of its own: in main and in threads. */
#include "../prog/check.h"

#include <ev.h>
#include <sys/socket.h>

#define LOOPS 4
#define MESSAGES 50

struct side {
	int fd, got, ticks;
};

/* The loop's watchers are in the way of nothing of ours, nor ours of it. */
static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct side *s = ev_userdata(loop);
	int value;

	CHECK(events & EV_READ);
	check_read(w->fd, &value, sizeof value);
	CHECK_EQ(value, s->got++);
	value = -value;
	check_write(w->fd, &value, sizeof value);
	if (s->got == MESSAGES)
		ev_io_stop(loop, w);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct side *s = ev_userdata(loop);

	CHECK(events & EV_TIMER);
	if (++s->ticks == 10)
		ev_timer_stop(loop, w);
}

static void run_loop(struct ev_loop *loop, struct side *s)
{
	ev_io io;
	ev_timer timer;

	CHECK(loop != NULL);
	ev_set_userdata(loop, s);
	ev_io_init(&io, on_readable, s->fd, EV_READ);
	ev_io_start(loop, &io);
	ev_timer_init(&timer, on_timer, 0.01, 0.01);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	CHECK_EQ(s->got, MESSAGES);
	CHECK_EQ(s->ticks, 10);
}

static void *runs_loop(void *arg)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);

	run_loop(loop, arg);
	ev_loop_destroy(loop);
	return NULL;
}

static void *talks(void *arg)
{
	int fd = *(int *)arg, value;

	for (int i = 0; i < MESSAGES; i++) {
		check_write(fd, &i, sizeof i);
		check_read(fd, &value, sizeof value);
		CHECK_EQ(value, -i);
		if (i % 10 == 0)
			usleep(500);
	}
	return NULL;
}

int main(void)
{
	pthread_t loops[LOOPS], talkers[LOOPS + 1];
	struct side side[LOOPS + 1] = { { 0 } };
	int far[LOOPS + 1];

	for (int i = 0; i <= LOOPS; i++) {
		int fd[2];

		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		side[i].fd = fd[0];
		far[i] = fd[1];
		talkers[i] = check_spawn(talks, &far[i]);
		if (i < LOOPS)
			loops[i] = check_spawn(runs_loop, &side[i]);
	}
	/* The default loop is the program's, and it is still to be had. */
	run_loop(ev_default_loop(EVFLAG_AUTO), &side[LOOPS]);
	for (int i = 0; i < LOOPS; i++)
		check_join(loops[i]);
	for (int i = 0; i <= LOOPS; i++)
		check_join(talkers[i]);
	printf("%d loops\n", LOOPS + 1);
	return 0;
}
