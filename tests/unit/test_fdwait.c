/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors: readiness, timeouts, closing, numbers used again. */
#include "config.h"

#include "loop/fdwait.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "runtime.h"
#include "unit.h"

static int fds[2];

static void boot(int i)
{
	runtime_boot(RUNTIME_SIZE(i));
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
}

static void put(int fd, int n)
{
	static const char bytes[64];

	ck_assert_int_eq(write(fd, bytes, (size_t)n), n);
}

static void rest(int ms)
{
	zag_sleep_until(zag_now() + ms * MS);
}

/* --- what is known of a descriptor -------------------------------------- */

START_TEST(kinds)
{
	int stream[2], datagram[2], file = open("/proc/self/exe", O_RDONLY);
	int null = open("/dev/null", O_RDWR), master = open("/dev/ptmx", O_RDWR);

	ck_assert_int_eq(pipe(fds), 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, stream);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram);
	for (int i = 0; i < 2; i++) { /* the second time remembered */
		ck_assert_int_eq(zag_fd_kind(fds[0]), ZAG_FD_PIPE);
		ck_assert_int_eq(zag_fd_kind(stream[1]), ZAG_FD_STREAM);
		ck_assert_int_eq(zag_fd_kind(datagram[1]), ZAG_FD_SOCKET);
		ck_assert_int_eq(zag_fd_kind(file), ZAG_FD_FILE);
		ck_assert_int_eq(zag_fd_kind(null), ZAG_FD_FILE);
		ck_assert_int_eq(zag_fd_kind(master), ZAG_FD_OTHER);
		ck_assert_int_eq(zag_fd_kind(-1), ZAG_FD_UNKNOWN);
		ck_assert_int_eq(zag_fd_kind(1 << 30), ZAG_FD_UNKNOWN);
	}
	dup2(file, fds[0]); /* behind its back */
	ck_assert_int_eq(zag_fd_kind(fds[0]), ZAG_FD_PIPE);
	ck_assert_int_eq(zag_fd_kind_again(fds[0]), ZAG_FD_FILE);
	zag_fd_forget(stream[0]);
	close(stream[0]);
	ck_assert_int_eq(zag_fd_kind(stream[0]), ZAG_FD_UNKNOWN);
}
END_TEST

START_TEST(flags)
{
	const struct timeval tv = { 1, 500000 };
	zag_time at;

	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	ck_assert(!zag_fd_nonblocking(fds[0]));
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	zag_fd_flags_changed();
	ck_assert(zag_fd_nonblocking(fds[0]));
	ck_assert(!zag_fd_nonblocking(fds[1]));
	ck_assert_int_eq(zag_fd_io_deadline(fds[0], ZAG_IN), ZAG_NEVER);
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	zag_fd_flags_changed();
	ck_assert_int_eq(zag_fd_io_deadline(fds[0], ZAG_OUT), ZAG_NEVER);
	at = zag_fd_io_deadline(fds[0], ZAG_IN) - zag_now();
	ck_assert_int_gt(at, 1000 * MS);
	ck_assert_int_le(at, 1500 * MS);
}
END_TEST

START_TEST(drained)
{
	socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
	zag_fd_set_drained(fds[0]); /* not known to be a stream yet */
	ck_assert(!zag_fd_take_drained(fds[0]));
	zag_fd_kind(fds[0]);
	zag_fd_set_drained(fds[0]);
	ck_assert(zag_fd_take_drained(fds[0]));
	ck_assert(!zag_fd_take_drained(fds[0]));
	zag_fd_set_drained(fds[0]);
	zag_fd_forget(fds[0]);
	ck_assert(!zag_fd_take_drained(fds[0]));
	zag_fd_forget_range(0, UINT32_MAX);
	ck_assert_ptr_ne(zag_fd_accept_lock(3), zag_fd_accept_lock(4));
}
END_TEST

/* --- one waits ---------------------------------------------------------- */

static _Atomic uint32_t began, ended, got;

/* The result of zag_fd_wait on the descriptor that arg is. */
static void *wait_in(void *arg)
{
	long r;

	zag_add(&began, 1);
	r = zag_fd_wait((int)(long)arg, ZAG_IN, zag_now() + 10000 * MS);
	zag_add(&ended, 1);
	return (void *)r;
}

START_TEST(ready_before_and_after)
{
	struct zag_fiber *f;

	boot(_i);
	put(fds[1], 1);
	ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN, ZAG_NEVER), 0);
	ck_assert_int_eq(zag_fd_wait(fds[1], ZAG_OUT, ZAG_NEVER), 0);
	ck_assert_int_eq(read(fds[0], &(char){ 0 }, 1), 1);
	f = runtime_start(wait_in, (void *)(long)fds[0]);
	rest(20);
	ck_assert_uint_eq(zag_load_acq(&ended), 0);
	put(fds[1], 1);
	ck_assert_ptr_null(runtime_join(f));
}
END_TEST

/* --- who goes first ----------------------------------------------------- */

static int order[3];

static void *wait_and_sign(void *arg)
{
	void *r = wait_in(arg);

	order[zag_load_acq(&ended) - 1] = (int)(long)arg;
	return r;
}

/* One processor, and main keeps it until all three are ready. */
START_TEST(who_listens_goes_first)
{
	struct zag_fiber *f[3];
	int pipes[3][2];

	runtime_boot(1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_NONBLOCK), 0);
		f[i] = runtime_start(wait_and_sign, (void *)(long)pipes[i][0]);
	}
	while (zag_load_acq(&began) < 3)
		rest(1);
	zag_fd_set_listens(pipes[1][0]);
	for (int i = 0; i < 3; i++)
		put(pipes[i][1], 1);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
	ck_assert_int_eq(order[0], pipes[1][0]); /* neither end of the list */
}
END_TEST

START_TEST(timeouts)
{
	zag_time begin;

	boot(_i);
	for (int ms = 0; ms < 30; ms += 10) {
		begin = zag_now();
		ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN, begin + ms * MS),
				 -ETIMEDOUT);
		ck_assert_int_ge(zag_now() - begin, ms * MS);
		ck_assert_int_lt(zag_now() - begin, 500 * MS);
	}
	/* One that timed out waits no more: the next gets the byte. */
	put(fds[1], 1);
	ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN, ZAG_NEVER), 0);
}
END_TEST

START_TEST(full_pipes_and_hang_ups)
{
	static char page[4096];
	struct zag_fiber *f;

	boot(_i);
	while (write(fds[1], page, sizeof(page)) > 0)
		;
	ck_assert_int_eq(zag_fd_wait(fds[1], ZAG_OUT, zag_now() + 10 * MS),
			 -ETIMEDOUT);
	while (read(fds[0], page, sizeof(page)) > 0)
		;
	ck_assert_int_eq(zag_fd_wait(fds[1], ZAG_OUT, ZAG_NEVER), 0);
	f = runtime_start(wait_in, (void *)(long)fds[0]);
	rest(10);
	zag_fd_forget(fds[1]);
	close(fds[1]); /* the reader sees the end */
	ck_assert_ptr_null(runtime_join(f));
}
END_TEST

START_TEST(what_is_always_ready_and_what_is_none)
{
	int file = open("/proc/self/exe", O_RDONLY);

	boot(_i);
	ck_assert_int_eq(zag_fd_wait(file, ZAG_IN, zag_now() + 5000 * MS), 0);
	close(fds[0]);
	/* No error of ours: the call that follows says EBADF. */
	ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN, zag_now() + 5000 * MS),
			 0);
}
END_TEST

static void *native_wait(void *arg)
{
	return wait_in(arg);
}

START_TEST(a_native_thread_waits)
{
	pthread_t t;
	void *r;

	boot(_i);
	ck_assert_int_eq(pthread_create(&t, NULL, native_wait,
					(void *)(long)fds[0]), 0);
	rest(10);
	put(fds[1], 1);
	while (!zag_load_acq(&ended))
		rest(1);
	pthread_join(t, &r);
	ck_assert_ptr_null(r);
}
END_TEST

/* --- many wait ---------------------------------------------------------- */

enum { CROWD = 20 };

/* As an interposed read: wait, try, wait again. */
static void *take_one(void *arg)
{
	char c;

	(void)arg;
	do {
		if (zag_fd_wait(fds[0], ZAG_IN, ZAG_NEVER))
			return "error";
		zag_add(&ended, 1);
	} while (read(fds[0], &c, 1) != 1);
	zag_add(&got, 1);
	return NULL;
}

START_TEST(each_byte_wakes_one)
{
	struct zag_fiber *f[CROWD];

	boot(_i);
	for (int i = 0; i < CROWD; i++)
		f[i] = runtime_start(take_one, NULL);
	rest(20);
	for (uint32_t i = 1; i <= CROWD; i++) {
		zag_time end = zag_now() + 2000 * MS;

		put(fds[1], 1);
		while (zag_load_acq(&got) < i && zag_now() < end)
			rest(1);
		ck_assert_uint_eq(zag_load_acq(&got), i);
	}
	for (int i = 0; i < CROWD; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
	/* No herd: in the worst case each byte woke all that were left. */
	ck_assert_uint_lt(zag_load_acq(&ended), 4 * CROWD);
}
END_TEST

/* --- closing ------------------------------------------------------------ */

START_TEST(forgetting_wakes_all)
{
	struct zag_fiber *f[CROWD];

	boot(_i);
	for (int i = 0; i < CROWD; i++)
		f[i] = runtime_start(wait_in, (void *)(long)fds[0]);
	while (zag_load_acq(&began) < CROWD)
		rest(1);
	rest(10);
	zag_fd_forget(fds[0]);
	close(fds[0]);
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq((long)runtime_join(f[i]), -EBADF);
}
END_TEST

/* Another pipe with these numbers. */
static void renew(const int numbers[2])
{
	int other[2];

	ck_assert_int_eq(pipe2(other, O_NONBLOCK), 0);
	for (int i = 0; i < 2; i++)
		fds[i] = fcntl(other[i], F_DUPFD, 100);
	close(other[0]);
	close(other[1]);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(dup2(fds[i], numbers[i]), numbers[i]);
		close(fds[i]);
		fds[i] = numbers[i];
	}
}

/* The same numbers, other pipes: the old ones' readiness is not theirs. */
START_TEST(numbers_are_used_again)
{
	int keep[2];

	boot(_i);
	for (int i = 0; i < 50; i++) {
		struct zag_fiber *f;
		int was[2] = { fds[0], fds[1] };

		f = runtime_start(wait_in, (void *)(long)fds[0]);
		rest(1);
		keep[0] = i % 2 ? dup(fds[0]) : -1; /* it stays in epoll */
		keep[1] = i % 2 ? dup(fds[1]) : -1;
		zag_fd_forget(fds[0]);
		zag_fd_forget(fds[1]);
		close(fds[0]);
		close(fds[1]);
		ck_assert_msg((long)runtime_join(f) == -EBADF, "round %d", i);
		renew(was);
		if (keep[1] >= 0)
			put(keep[1], 1);
		ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN,
					     zag_now() + 2 * MS), -ETIMEDOUT);
		f = runtime_start(wait_in, (void *)(long)fds[0]);
		rest(1);
		put(fds[1], 1);
		ck_assert_ptr_null(runtime_join(f));
		ck_assert_int_eq(read(fds[0], &(char){ 0 }, 1), 1);
		for (int k = 0; k < 2 && keep[k] >= 0; k++)
			close(keep[k]);
	}
}
END_TEST

/* --- several descriptors at once ---------------------------------------- */

START_TEST(any_of_several)
{
	struct pollfd p[6];
	int pipes[6][2];

	boot(_i);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_NONBLOCK), 0);
		p[i] = (struct pollfd){ pipes[i][0], POLLIN, 0 };
	}
	ck_assert_int_eq(zag_fd_wait_many(p, 6, zag_now() + 5 * MS),
			 -ETIMEDOUT);
	ck_assert_int_eq(zag_fd_wait_many(p, 0, zag_now() + MS), -ETIMEDOUT);
	for (nfds_t n = 1; n <= 6; n++) { /* few and many */
		put(pipes[n - 1][1], 1);
		ck_assert_int_eq(zag_fd_wait_many(p, n, ZAG_NEVER), 0);
		p[n - 1].fd = -1; /* ignored from now on */
		ck_assert_int_eq(zag_fd_wait_many(p, n, zag_now() + MS),
				 -ETIMEDOUT);
	}
	p[0] = (struct pollfd){ pipes[0][1], POLLIN | POLLOUT, 0 };
	ck_assert_int_eq(zag_fd_wait_many(p, 1, ZAG_NEVER), 0);
}
END_TEST

static struct pollfd special[3];

static void *wait_special(void *arg)
{
	return (void *)(long)zag_fd_wait_many(special, (nfds_t)(long)arg,
					      zag_now() + 5000 * MS);
}

static int listening_port(struct sockaddr_in *at)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(0x7f000001) };
	ck_assert_int_eq(bind(s, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(listen(s, 5), 0);
	getsockname(s, (struct sockaddr *)at, &len);
	return s;
}

static void connected(int pair[2])
{
	struct sockaddr_in at;
	int s = listening_port(&at);

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(pair[0], (struct sockaddr *)&at, sizeof(at)),
			 0);
	pair[1] = accept(s, NULL, NULL);
	close(s);
}

/* What libev does not know: urgent data, half-closed, nothing asked. */
START_TEST(special_events)
{
	struct zag_fiber *f;
	int tcp[2];

	boot(_i);
	connected(tcp);
	special[0] = (struct pollfd){ tcp[0], POLLPRI, 0 };
	special[1] = (struct pollfd){ fds[0], POLLIN, 0 };
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	put(tcp[1], 1); /* not what it waits for */
	rest(10);
	ck_assert_int_eq(zag_thread_tryjoin(f, NULL), EBUSY);
	ck_assert_int_eq(send(tcp[1], "!", 1, MSG_OOB), 1);
	ck_assert_ptr_null(runtime_join(f));

	special[0].events = POLLRDHUP;
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	ck_assert_int_eq(zag_thread_tryjoin(f, NULL), EBUSY);
	shutdown(tcp[1], SHUT_WR);
	ck_assert_ptr_null(runtime_join(f));

	special[0] = (struct pollfd){ fds[0], 0, 0 };
	f = runtime_start(wait_special, (void *)1);
	rest(10);
	put(fds[1], 1);
	rest(10);
	ck_assert_int_eq(zag_thread_tryjoin(f, NULL), EBUSY);
	close(fds[1]); /* a hang-up is always told */
	ck_assert_ptr_null(runtime_join(f));
}
END_TEST

START_TEST(plain_and_special_together)
{
	struct zag_fiber *f;
	int tcp[2];

	boot(_i);
	connected(tcp);
	special[0] = (struct pollfd){ tcp[0], POLLIN | POLLPRI, 0 };
	special[1] = (struct pollfd){ fds[0], POLLIN, 0 };
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	put(fds[1], 1);
	ck_assert_ptr_null(runtime_join(f));
	special[1].fd = -1;
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	put(tcp[1], 1);
	ck_assert_ptr_null(runtime_join(f));
}
END_TEST

/* poll(2) takes one descriptor twice. */
START_TEST(the_same_descriptor_twice)
{
	struct zag_fiber *f;
	int tcp[2];

	boot(_i);
	connected(tcp);
	special[0] = (struct pollfd){ tcp[0], POLLPRI, 0 };
	special[1] = (struct pollfd){ tcp[0], POLLRDHUP, 0 };
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	shutdown(tcp[1], SHUT_WR);
	ck_assert_ptr_null(runtime_join(f));
}
END_TEST

/* A descriptor closed under a poll: the kernel is asked again. */
START_TEST(forgetting_one_of_several)
{
	struct zag_fiber *f;
	int other[2];

	boot(_i);
	ck_assert_int_eq(pipe(other), 0);
	special[0] = (struct pollfd){ fds[0], POLLIN, 0 };
	special[1] = (struct pollfd){ other[0], POLLIN, 0 };
	f = runtime_start(wait_special, (void *)2);
	rest(10);
	zag_fd_forget(other[0]);
	close(other[0]);
	ck_assert_ptr_null(runtime_join(f));
	ck_assert_int_eq(zag_fd_wait(fds[0], ZAG_IN, zag_now() + MS),
			 -ETIMEDOUT);
}
END_TEST

/* --- traffic ------------------------------------------------------------ */

enum { PAIRS = 40, TRIPS = 300 };

static int pairs[PAIRS][2];

static bool move(int fd, bool out)
{
	char c = 'x';
	ssize_t n;

	for (;;) {
		n = out ? send(fd, &c, 1, MSG_DONTWAIT) :
			  recv(fd, &c, 1, MSG_DONTWAIT);
		if (n == 1)
			return true;
		if (n == 0 || errno != EAGAIN ||
		    zag_fd_wait(fd, out ? ZAG_OUT : ZAG_IN, ZAG_NEVER))
			return false;
	}
}

static void *echo(void *arg)
{
	while (move(*(int *)arg, false))
		if (!move(*(int *)arg, true))
			return "no echo";
	return NULL;
}

static void *client(void *arg)
{
	for (int i = 0; i < TRIPS; i++)
		if (!move(*(int *)arg, true) || !move(*(int *)arg, false))
			return "no answer";
	shutdown(*(int *)arg, SHUT_WR);
	return NULL;
}

START_TEST(many_talk)
{
	struct zag_fiber *f[2 * PAIRS];

	boot(_i);
	for (int i = 0; i < PAIRS; i++) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]);
		f[2 * i] = runtime_start(echo, &pairs[i][0]);
		f[2 * i + 1] = runtime_start(client, &pairs[i][1]);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
}
END_TEST

/* --- readiness, timeouts and closing at once ---------------------------- */

static _Atomic uint32_t storm_left;
static _Atomic int storm_fd;
static uint64_t seed;

static void *storm_waiter(void *arg)
{
	uint64_t r = seed + 2 * (uint64_t)(uintptr_t)arg;
	long wrong = 0;
	char c;

	for (int i = 0; i < 500; i++) {
		int fd = zag_load_acq(&storm_fd);
		int err = zag_fd_wait(fd, ZAG_IN, zag_now() +
				      unit_random(&r) % (MS / 4));

		wrong += err && err != -ETIMEDOUT && err != -EBADF;
		if (!err && read(fd, &c, 1) < 0)
			wrong += errno != EAGAIN && errno != EBADF;
	}
	zag_sub(&storm_left, 1);
	return (void *)wrong;
}

START_TEST(a_storm)
{
	struct zag_fiber *f[16];
	int n = 0;

	seed = unit_seed();
	boot(_i);
	zag_store_rel(&storm_fd, fds[0]);
	zag_store_rel(&storm_left, 16);
	for (uintptr_t i = 0; i < 16; i++)
		f[i] = runtime_start(storm_waiter, (void *)i);
	while (zag_load_acq(&storm_left)) {
		ck_assert_int_ge(write(fds[1], "x", 1), -1);
		zag_sleep_until(zag_now() + unit_random(&seed) % (MS / 8));
		if (++n % 8)
			continue;
		for (int i = 0; i < 2; i++) {
			zag_fd_forget(fds[i]);
			close(fds[i]);
		}
		zag_yield();
		ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
		zag_store_rel(&storm_fd, fds[0]);
	}
	for (int i = 0; i < 16; i++)
		ck_assert_ptr_null(runtime_join(f[i]));
	ck_assert_uint_eq(zag_load_acq(&zag_loop_here()->waiting), 0);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("fdwait");

	tcase_add_test(c, kinds);
	tcase_add_test(c, flags);
	tcase_add_test(c, drained);
	tcase_add_loop_test(c, ready_before_and_after, 0, RUNTIME_SIZES);
	tcase_add_test(c, who_listens_goes_first);
	tcase_add_loop_test(c, timeouts, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, full_pipes_and_hang_ups, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, what_is_always_ready_and_what_is_none, 0,
			    RUNTIME_SIZES);
	tcase_add_loop_test(c, a_native_thread_waits, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, each_byte_wakes_one, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, forgetting_wakes_all, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, numbers_are_used_again, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, any_of_several, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, special_events, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, plain_and_special_together, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, the_same_descriptor_twice, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, forgetting_one_of_several, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, many_talk, 0, RUNTIME_SIZES);
	tcase_add_loop_test(c, a_storm, 0, RUNTIME_SIZES);
	return unit_run("fdwait", c);
}
