/* SPDX-License-Identifier: BSD-2-Clause */
/* A program whose exported functions have libev's names: only it calls them. */
#include "../prog/check.h"

#include <sys/socket.h>

static int own_calls;

/*
 * Linked with -rdynamic, these come before libev's for whoever looks a name up
 * in the whole process; a call that is not ours dies here.
 */
#define NOT_YOURS(name)							\
	int name(void);							\
	int name(void)							\
	{								\
		check_fail(#name " of the program was called");		\
	}

NOT_YOURS(ev_loop_new)
NOT_YOURS(ev_default_loop)
NOT_YOURS(ev_io_start)
NOT_YOURS(ev_io_stop)
NOT_YOURS(ev_timer_start)
NOT_YOURS(ev_timer_again)
NOT_YOURS(ev_timer_stop)
NOT_YOURS(ev_async_start)
NOT_YOURS(ev_async_send)
NOT_YOURS(ev_break)
NOT_YOURS(ev_now)
NOT_YOURS(ev_loop_fork)
NOT_YOURS(ev_invoke_pending)
NOT_YOURS(ev_feed_event)
NOT_YOURS(ev_set_userdata)
NOT_YOURS(ev_userdata)
NOT_YOURS(ev_version_major)
NOT_YOURS(ev_version_minor)
NOT_YOURS(ev_ref)
NOT_YOURS(ev_unref)

int ev_run(int ours);
int ev_run(int ours)
{
	if (ours != 42)
		check_fail("ev_run of the program was called");
	return ++own_calls;
}

static void *echoes(void *arg)
{
	int fd = *(int *)arg, value;

	for (int i = 0; i < 50; i++) {
		check_read(fd, &value, sizeof value);
		usleep(200);
		check_write(fd, &value, sizeof value);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[20];
	int fd[20][2], value;

	for (int i = 0; i < 20; i++) {
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]), 0);
		t[i] = check_spawn(echoes, &fd[i][1]);
	}
	for (int round = 0; round < 50; round++) {
		CHECK_EQ(ev_run(42), round + 1);
		for (int i = 0; i < 20; i++) {
			value = round * 20 + i;
			check_write(fd[i][0], &value, sizeof value);
		}
		for (int i = 0; i < 20; i++) {
			check_read(fd[i][0], &value, sizeof value);
			CHECK_EQ(value, round * 20 + i);
		}
	}
	for (int i = 0; i < 20; i++)
		check_join(t[i]);
	puts("1000 answers");
	return 0;
}
