/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that only the kernel can wait for, as a terminal's that has begun to
 * read or takes a part only, and more of them than one would think of: signals
 * end them, cancellation does, and others go on meanwhile.
 */
#include "check.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <termios.h>

enum { MANY = 100 };

static int master, slave, event, entered, cleaned, ended, result, error;
static char buf[100000], fifo[64];
static __thread sigjmp_buf back;

static void on_cancel(void *arg)
{
	(void)arg;
	check_step(&cleaned);
}

/* What each does; a cancellation is acted on within, or when it has returned
 * what was moved so far. */
#define WAITS(name, call)						\
	static void *name(void *arg)					\
	{								\
		(void)arg;						\
		pthread_cleanup_push(on_cancel, NULL);			\
		check_step(&entered);					\
		result = (int)(call);					\
		error = errno;						\
		check_step(&ended);					\
		pthread_testcancel();					\
		pthread_cleanup_pop(0);					\
		return NULL;						\
	}

WAITS(reads, read(slave, buf, 10))
WAITS(writes, write(slave, buf, sizeof buf))
WAITS(adds, eventfd_write(event, 10))
WAITS(opens, open(fifo, O_RDONLY))

static void leave(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void *jumps(void *arg)
{
	(void)arg;
	check_step(&entered);
	if (!sigsetjmp(back, 1)) {
		read(slave, buf, 10);
		check_fail("it was read");
	}
	check_step(&ended);
	/* What comes now is about this call, not about that. */
	pthread_testcancel();
	check_msleep(20);
	return NULL;
}

static pthread_t in_call(void *(*fn)(void *))
{
	pthread_t t;

	entered = ended = cleaned = 0;
	t = check_spawn(fn, NULL);
	while (!__atomic_load_n(&entered, __ATOMIC_SEQ_CST))
		check_msleep(1);
	check_msleep(50);
	CHECK_EQ(__atomic_load_n(&ended, __ATOMIC_SEQ_CST), 0);
	return t;
}

static void cancelled(void *(*fn)(void *))
{
	pthread_t t = in_call(fn);

	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(cleaned, 1);
}

static void interrupted(void *(*fn)(void *))
{
	pthread_t t = in_call(fn);

	check_kill_until(t, SIGUSR1, &ended, 1);
	CHECK(check_join(t) == NULL);
}

static void interrupted_by_none(void *(*fn)(void *))
{
	interrupted(fn);
	CHECK_EQ(result, -1);
	CHECK_EQ(error, EINTR);
}

static void set_raw(int least, int tenths)
{
	struct termios t;

	CHECK_EQ(tcgetattr(slave, &t), 0);
	cfmakeraw(&t);
	t.c_cc[VMIN] = (cc_t)least;
	t.c_cc[VTIME] = (cc_t)tenths;
	CHECK_EQ(tcsetattr(slave, TCSAFLUSH, &t), 0);
}

/* Minutes, unless something ends it. */
static void terminal(void)
{
	long long begin = check_now(CLOCK_MONOTONIC);
	pthread_t t;

	CHECK_EQ(openpty(&master, &slave, NULL, NULL, NULL), 0);
	set_raw(0, 250);
	cancelled(reads);
	interrupted_by_none(reads);
	t = in_call(jumps);
	check_handle(SIGUSR2, leave, 0);
	check_kill_until(t, SIGUSR2, &ended, 1);
	check_join(t);

	/* One byte has come, and it waits for more. */
	set_raw(5, 250);
	check_write(master, "a", 1);
	cancelled(reads);
	CHECK_EQ(tcflush(slave, TCIFLUSH), 0); /* if it was not lost */
	check_write(master, "b", 1);
	interrupted(reads);
	CHECK_EQ(result, 1);

	cancelled(writes);
	interrupted(writes);
	CHECK(result < (int)sizeof buf);
	CHECK(check_now(CLOCK_MONOTONIC) - begin < 20000 * CHECK_MS);

	set_raw(1, 0);
	t = in_call(reads);
	CHECK_EQ(close(master), 0);
	check_join(t);
	CHECK_EQ(result, -1);
	CHECK_EQ(error, EIO);
	CHECK_EQ(read(slave, buf, 1), 0);
	CHECK_EQ(close(slave), 0);
}

static void counter(void)
{
	eventfd_t value;

	event = eventfd(0, 0);
	CHECK_EQ(eventfd_write(event, UINT64_MAX - 1 - 5), 0);
	cancelled(adds);
	interrupted_by_none(adds);
	CHECK_EQ(eventfd_read(event, &value), 0);
	CHECK(value == UINT64_MAX - 1 - 5);
}

static void many(void)
{
	pthread_t t[MANY];

	snprintf(fifo, sizeof fifo, "/tmp/zag-standing-%d", (int)getpid());
	CHECK_EQ(mkfifo(fifo, 0600), 0);
	entered = ended = cleaned = 0;
	for (int i = 0; i < MANY; i++)
		t[i] = check_spawn(opens, NULL);
	while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) < MANY)
		check_msleep(1);
	check_msleep(50);
	for (int i = 0; i < MANY; i++)
		CHECK_OK(pthread_cancel(t[i]));
	for (int i = 0; i < MANY; i++)
		CHECK(check_join(t[i]) == PTHREAD_CANCELED);
	CHECK_EQ(cleaned, MANY);
	CHECK_EQ(unlink(fifo), 0);
}

int main(void)
{
	check_handle(SIGUSR1, check_ignore, 0);
	terminal();
	counter();
	many();
	puts("none was stuck");
	return 0;
}
