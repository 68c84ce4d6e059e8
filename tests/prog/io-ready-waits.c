/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that poll(2) knows nothing right of: what it calls ready waits, and
 * what it calls not ready does not.  A signal or a cancellation ends them.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <termios.h>

static int master, tty, event;
static int steps, handled;

/* One call, what it returns and its errno. */
struct call {
	ssize_t (*make)(void);
	ssize_t result;
	int err;
};

static void cleanup(void *arg)
{
	(void)arg;
	handled++;
}

static void *calls(void *arg)
{
	struct call *c = arg;

	pthread_cleanup_push(cleanup, NULL);
	errno = 0;
	c->result = c->make();
	c->err = errno;
	check_step(&steps);
	pthread_cleanup_pop(0);
	return arg;
}

static void expect(struct call *c, ssize_t result, int err)
{
	if (c->result != result || (result < 0 && c->err != err))
		check_fail("%zd with errno %d, not %zd with %d", c->result,
			   c->err, result, err);
}

/* --- terminals ------------------------------------------------------------ */

static void set_raw(int min, int tenths)
{
	struct termios t;

	CHECK_EQ(tcgetattr(tty, &t), 0);
	cfmakeraw(&t);
	t.c_cc[VMIN] = (cc_t)min;
	t.c_cc[VTIME] = (cc_t)tenths;
	CHECK_EQ(tcsetattr(tty, TCSANOW, &t), 0);
	CHECK_EQ(tcflush(tty, TCIFLUSH), 0);
}

static ssize_t read_three(void)
{
	char buf[3];

	return read(tty, buf, sizeof buf);
}

static ssize_t read_ten(void)
{
	char buf[10];

	return read(tty, buf, sizeof buf);
}

static void open_terminal(void)
{
	const char *name;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(master >= 0);
	CHECK_EQ(grantpt(master), 0);
	CHECK_EQ(unlockpt(master), 0);
	name = ptsname(master);
	CHECK(name != NULL);
	tty = open(name, O_RDWR | O_NOCTTY);
	CHECK(tty >= 0);
}

/* A thread that makes the call when VMIN is 5; three characters come then. */
static pthread_t reads_three_of_five(struct call *c)
{
	pthread_t t;

	set_raw(5, 0);
	t = check_spawn(calls, c);
	check_msleep(20);
	check_write(master, "abc", 3);
	return t;
}

/* Less than VMIN, but all that the read has asked for. */
static void check_less(void)
{
	struct call c = { .make = read_three };

	check_join(reads_three_of_five(&c));
	expect(&c, 3, 0);
}

/* What has come so far, at a signal. */
static void check_partly(void)
{
	struct call c = { .make = read_ten };
	pthread_t t = reads_three_of_five(&c);

	check_msleep(50);
	steps = 0;
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_join(t);
	expect(&c, 3, 0);
}

/* The time that VTIME says, between characters or at all. */
static void check_timed(void)
{
	struct call c = { .make = read_ten };
	pthread_t t;

	set_raw(0, 1);
	check_join(check_spawn(calls, &c));
	expect(&c, 0, 0);
	set_raw(5, 1);
	t = check_spawn(calls, &c);
	check_msleep(20);
	check_write(master, "ab", 2);
	check_join(t);
	expect(&c, 2, 0);
}

/* --- what ends them ------------------------------------------------------- */

static void check_signal(struct call c)
{
	pthread_t t = check_spawn(calls, &c);

	steps = 0;
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_join(t);
	expect(&c, -1, EINTR);
}

static void check_cancel(struct call c)
{
	pthread_t t = check_spawn(calls, &c);

	handled = 0;
	check_msleep(20);
	CHECK_OK(pthread_cancel(t));
	CHECK(check_join(t) == PTHREAD_CANCELED);
	CHECK_EQ(handled, 1);
}

static void check_ends(ssize_t (*make)(void))
{
	struct call c = { .make = make };
	long long begin = check_now(CLOCK_MONOTONIC);

	check_signal(c);
	check_cancel(c);
	/* Not because it was over by itself. */
	CHECK(check_now(CLOCK_MONOTONIC) - begin < 8000 * CHECK_MS);
}

/* --- eventfd -------------------------------------------------------------- */

static ssize_t write_most(void)
{
	uint64_t most = UINT64_MAX - 1;

	return write(event, &most, sizeof most);
}

static void check_event(void)
{
	struct call c = { .make = write_most };
	uint64_t value;
	pthread_t t;

	event = eventfd(1, EFD_CLOEXEC);
	CHECK(event >= 0);
	check_ends(write_most);
	t = check_spawn(calls, &c);
	check_msleep(20);
	check_read(event, &value, sizeof value);
	CHECK_EQ(value, 1);
	check_join(t);
	expect(&c, sizeof value, 0);
	close(event);
}

/* --- fanotify: never ready for writing ------------------------------------ */

enum { OPENS = 20 };

static char file[] = "/tmp/io-ready-waits-XXXXXX";
static int notify;

static void *answers(void *arg)
{
	struct fanotify_event_metadata m;

	for (int i = 0; i < OPENS; i++) {
		struct fanotify_response r = { .response = FAN_ALLOW };

		CHECK_EQ(read(notify, &m, sizeof m), sizeof m);
		r.fd = m.fd;
		if (i % 2)
			r.response = FAN_DENY;
		check_write(notify, &r, sizeof r);
		close(m.fd);
	}
	return arg;
}

static void check_permission(void)
{
	int fd = mkstemp(file), allowed = 0;
	pthread_t t;

	CHECK(fd >= 0);
	notify = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (notify < 0 || fanotify_mark(notify, FAN_MARK_ADD, FAN_OPEN_PERM,
					AT_FDCWD, file) != 0) {
		unlink(file); /* for root only, if the kernel has it */
		return;
	}
	t = check_spawn(answers, NULL);
	for (int i = 0; i < OPENS; i++) {
		int again = open(file, O_RDONLY), err = errno;

		allowed += again >= 0;
		if (again < 0)
			CHECK_EQ(err, EPERM);
		else
			close(again);
	}
	CHECK_EQ(allowed, OPENS / 2);
	check_join(t);
	close(notify);
	close(fd);
	CHECK_EQ(unlink(file), 0);
}

int main(void)
{
	check_handle(SIGUSR1, check_ignore, 0);
	open_terminal();
	check_less();
	check_partly();
	check_timed();
	set_raw(0, 100);
	check_ends(read_ten);
	set_raw(5, 100);
	check_ends(read_ten);
	check_event();
	check_permission();
	return 0;
}
