/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks for the test programs: say what was seen and where, then exit 1. */
#ifndef TESTS_PROG_CHECK_H
#define TESTS_PROG_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Exit status that the harness counts as "skipped". */
#define CHECK_SKIPPED 77

#define CHECK_MS 1000000LL	/* nanoseconds in a millisecond */

/* Fails the program; takes no lock of stdio or malloc. */
#define check_fail(...)							\
	do {								\
		dprintf(2, "%s:%d: ", __FILE__, __LINE__);		\
		dprintf(2, __VA_ARGS__);				\
		dprintf(2, "\n");					\
		_exit(1);						\
	} while (0)

/* Checks are made in signal handlers, too: as a call of libc's does, they leave
 * no errno of 0 where there was another. */
#define CHECK_ERRNO_WAS(was) ((void)(errno = errno ? errno : (was)))

/* The expression is true. */
#define CHECK(expr)							\
	do {								\
		int was_ = errno;					\
		errno = 0;						\
		if (!(expr))						\
			check_fail("%s is false, errno %d (%s)", #expr,	\
				   errno, strerrorname_np(errno) ?: "?");\
		CHECK_ERRNO_WAS(was_);					\
	} while (0)

/* Two integers are the same. */
#define CHECK_EQ(expr, want)						\
	do {								\
		int was_ = errno;					\
		errno = 0;						\
		long long got_ = (long long)(expr);			\
		int errno_ = errno;					\
		long long want_ = (long long)(want);			\
		if (got_ != want_)					\
			check_fail("%s is %lld, not %lld, errno %d (%s)",\
				   #expr, got_, want_, errno_,		\
				   strerrorname_np(errno_) ?: "?");	\
		CHECK_ERRNO_WAS(was_);					\
	} while (0)

/* A call that returns an error number returned this one (0: success). */
#define CHECK_RC(call, want)						\
	do {								\
		int rc_ = (call);					\
		if (rc_ != (want))					\
			check_fail("%s returned %d (%s), not %d", #call, \
				   rc_, strerrorname_np(rc_) ?: "?",	\
				   (int)(want));			\
	} while (0)

#define CHECK_OK(call) CHECK_RC(call, 0)

/* A call failed with -1 and this errno. */
#define CHECK_ERRNO(call, want)						\
	do {								\
		int was_ = errno;					\
		errno = 0;						\
		long long got_ = (long long)(call);			\
		int errno_ = errno;					\
		if (got_ != -1 || errno_ != (want))			\
			check_fail("%s is %lld with errno %d (%s), "	\
				   "not -1 with %d", #call, got_, errno_,\
				   strerrorname_np(errno_) ?: "?",	\
				   (int)(want));			\
		CHECK_ERRNO_WAS(was_);					\
	} while (0)

/* A pointer to nothing, and an integer: unknown to the compiler. */
static inline void *check_bad_pointer(void)
{
	void *p = (void *)8;

	__asm__("" : "+r"(p));
	return p;
}

static inline int check_hidden(int value)
{
	__asm__("" : "+r"(value));
	return value;
}

/* This clock's time, in nanoseconds. */
static inline long long check_now(clockid_t clock)
{
	struct timespec ts;

	CHECK_EQ(clock_gettime(clock, &ts), 0);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline struct timespec check_timespec(long long ns)
{
	return (struct timespec){ ns / 1000000000LL, ns % 1000000000LL };
}

/* The absolute time this many milliseconds from now. */
static inline struct timespec check_in_ms(clockid_t clock, long long ms)
{
	return check_timespec(check_now(clock) + ms * CHECK_MS);
}

static inline void check_msleep(long long ms)
{
	struct timespec ts = check_timespec(ms * CHECK_MS);

	while (nanosleep(&ts, &ts) != 0)
		if (errno != EINTR)
			check_fail("nanosleep failed with errno %d", errno);
}

/* A small stack, where it is allowed: aarch64's PTHREAD_STACK_MIN is 128 KB. */
static inline size_t check_stack_size(size_t size)
{
	size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);

	return size < least ? least : size;
}

static inline pthread_t check_spawn(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK_OK(pthread_create(&t, NULL, fn, arg));
	return t;
}

static inline void *check_join(pthread_t t)
{
	void *value = NULL;

	CHECK_OK(pthread_join(t, &value));
	return value;
}

static inline void check_handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction a;

	memset(&a, 0, sizeof a);
	a.sa_handler = fn;
	a.sa_flags = flags;
	CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

/* A handler for a signal that only ends waits. */
static inline void check_ignore(int sig)
{
	(void)sig;
}

/* Signal t until *steps says that it has come so far: a signal that finds it
 * on its way into the call that it is to end ends nothing. */
static inline void check_kill_until(pthread_t t, int sig, int *steps, int to)
{
	for (;;) {
		check_msleep(10);
		if (__atomic_load_n(steps, __ATOMIC_SEQ_CST) >= to)
			return;
		CHECK_OK(pthread_kill(t, sig));
	}
}

static inline void check_step(int *steps)
{
	__atomic_add_fetch(steps, 1, __ATOMIC_SEQ_CST);
}

/* Writes and reads that must be whole. */
static inline void check_write(int fd, const void *buf, size_t len)
{
	CHECK_EQ(write(fd, buf, len), len);
}

static inline void check_read(int fd, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n <= 0)
			check_fail("read(%d) is %zd after %zu of %zu bytes, "
				   "errno %d", fd, n, done, len, errno);
		done += n;
	}
}

#endif
