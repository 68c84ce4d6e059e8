/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelled in calls that libc makes by itself; its locks are released. */
#include "check.h"

#include <errno.h>
#include <netdb.h>
#include <sys/wait.h>

static FILE *in;
static int fds[2], handled;

static void count(void *arg)
{
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELAXED);
}

static void in_fgets(void)
{
	char line[10];

	CHECK(fgets(line, sizeof(line), in) != NULL);
}

static void in_getc(void)
{
	CHECK(getc(in) != EOF);
}

/* The pipe is full. */
static void in_fflush(void)
{
	static char much[1 << 20];
	FILE *out = fdopen(fds[1], "w");

	CHECK(out != NULL);
	for (;;)
		fwrite(much, 1, sizeof(much), out);
}

/* The child is killed. */
static void in_system(void)
{
	CHECK_EQ(system("exec sleep 1000"), 0);
}

static void in_sleep(void)
{
	sleep(1000);
}

static void *runs(void *call)
{
	pthread_cleanup_push(count, &handled);
	((void (*)(void))call)();
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled(void (*call)(void), int ms)
{
	pthread_t t;

	handled = 0;
	t = check_spawn(runs, (void *)call);
	check_msleep(ms);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(handled, 1);
}

int main(void)
{
	CHECK_EQ(pipe(fds), 0);
	in = fdopen(fds[0], "r");
	CHECK(in != NULL);
	for (int i = 0; i < 10; i++) {
		cancelled(in_fgets, 2 * i);
		CHECK_EQ(ftrylockfile(in), 0);
		funlockfile(in);
		cancelled(in_getc, 2 * i);
		CHECK_EQ(ftrylockfile(in), 0);
		funlockfile(in);
		cancelled(in_sleep, i);
	}
	cancelled(in_system, 50);
	CHECK_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	cancelled(in_fflush, 20);
	puts("ok");
	return 0;
}
