/* SPDX-License-Identifier: BSD-2-Clause */
/* zag.h, call by call; the same with fibers and without. */
#include "../prog/check.h"

#include <zag.h>

#include <sys/socket.h>

static int quiet[2];
static volatile int begun;

/* Ends at a call of zag.h's; as a fiber at any. */
static void *works(void *arg)
{
	int err;

	begun = 1;
	while (!(err = zag_check_cancel()))
		usleep(500);
	CHECK_EQ(zag_check_cancel(), err); /* it stays so */
	zag_shield_enter();
	zag_shield_enter();
	CHECK_EQ(zag_check_cancel(), 0);
	check_msleep(2);
	zag_shield_leave();
	CHECK_EQ(zag_check_cancel(), 0);
	zag_shield_leave();
	CHECK_EQ(zag_check_cancel(), err);
	(void)arg;
	return (void *)(long)err;
}

static void cancels(void)
{
	pthread_t t;

	for (int i = 0; i < 20; i++) {
		int err = i & 1 ? ECANCELED : EIO;

		begun = 0;
		t = check_spawn(works, NULL);
		while (!begun)
			usleep(100);
		check_msleep(2);
		CHECK_EQ(zag_cancel(t, err), 0);
		CHECK_EQ((long)check_join(t), err);
	}
	CHECK_EQ(zag_cancel(pthread_self(), 0), EINVAL);
}

static void *reads(void *arg)
{
	char c;

	CHECK_EQ(zag_check_cancel(), 0);
	begun = 1;
	CHECK_ERRNO(read(quiet[0], &c, 1), ECANCELED);
	return arg;
}

/* What only fibers have: the C library's calls are ended, too. */
static void cancels_calls(void)
{
	struct timespec in = { 0, 20 * CHECK_MS };
	struct zag_limit l;
	pthread_t t;
	char c;

	if (!zag_active())
		return;
	begun = 0;
	t = check_spawn(reads, NULL);
	while (!begun)
		usleep(100);
	check_msleep(5);
	CHECK_EQ(zag_cancel(t, ECANCELED), 0);
	check_join(t);
	zag_deadline_push(&l, &in);
	CHECK_ERRNO(read(quiet[0], &c, 1), ETIMEDOUT);
	CHECK_ERRNO(recv(quiet[0], &c, 1, 0), ETIMEDOUT);
	zag_deadline_pop(&l);
	check_write(quiet[1], "q", 1);
	check_read(quiet[0], &c, 1);
}

static void deadlines(void)
{
	struct timespec soon = { 0, 20 * CHECK_MS }, later = { 60, 0 };
	struct zag_limit a, b;

	zag_deadline_push(&a, &soon);
	zag_deadline_push(&b, &later); /* the outer one is earlier */
	CHECK_EQ(zag_check_cancel(), 0);
	while (!zag_check_cancel())
		usleep(1000);
	CHECK_EQ(zag_check_cancel(), ETIMEDOUT);
	zag_deadline_pop(&b);
	CHECK_EQ(zag_check_cancel(), ETIMEDOUT);
	zag_deadline_pop(&a);
	CHECK_EQ(zag_check_cancel(), 0);
	check_msleep(2);
}

static long blocks(void *arg)
{
	struct timespec t = { 0, 20 * CHECK_MS };

	nanosleep(&t, NULL);
	return (long)arg;
}

static void *named(void *arg)
{
	char name[32];

	CHECK_OK(pthread_setname_np(pthread_self(), "worker"));
	CHECK_EQ(strcmp(zag_fiber_name(name, sizeof(name)), "worker"), 0);
	CHECK_EQ(strcmp(zag_fiber_name(name, 4), "wor"), 0);
	CHECK_EQ(zag_fiber_id() != 0, zag_active());
	CHECK_EQ(zag_blocking_call(blocks, (void *)7), 7);
	return arg;
}

int main(void)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, quiet), 0);
	check_join(check_spawn(named, NULL));
	cancels();
	cancels_calls();
	deadlines();
	puts("ok");
	return 0;
}
