/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that tick every 10 ms, and how late the worst tick came, beyond what
 * a busy machine does to a process that ticks beside them. */
#ifndef TESTS_PROG_LIVENESS_H
#define TESTS_PROG_LIVENESS_H

#include "check.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define TICKERS 100
#define TICK_MS 10
#define SETTLE_MS 1000		/* ticks before this are not judged */
#define RUN_MS 3000
#define LATEST_MS 100

/*
 * A system call that nothing can stand before, for the architectures we know;
 * it returns -errno.
 */
#if defined(__x86_64__)
#define LIVE_SYSCALL 1
static inline long live_syscall(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
#define LIVE_SYSCALL 1
static inline long live_syscall(long nr, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#endif

static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static long long live_start, live_worst;
static int live_stop;

/* The next tick; false: it was the last. */
static int live_next(long long *next, struct timespec *ts)
{
	int more = *next < live_start + RUN_MS * CHECK_MS;

	*next += TICK_MS * CHECK_MS;
	*ts = check_timespec(*next);
	return more;
}

static void *live_tick(void *arg)
{
	long long next = live_start, late;
	struct timespec ts;

	while (live_next(&next, &ts)) {
		CHECK_OK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts,
					 NULL));
		late = check_now(CLOCK_MONOTONIC) - next;
		CHECK(late >= 0);
		if (next - live_start < SETTLE_MS * CHECK_MS)
			continue;
		CHECK_OK(pthread_mutex_lock(&live_lock));
		if (late > live_worst)
			live_worst = late;
		CHECK_OK(pthread_mutex_unlock(&live_lock));
	}
	return arg;
}

#ifdef LIVE_SYSCALL
/* In a process of its own, with nothing between it and the kernel. */
static void live_tick_alone(long long *worst)
{
	long long next = live_start, late;
	struct timespec ts;

	while (live_next(&next, &ts)) {
		live_syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC,
			     TIMER_ABSTIME, (long)&ts, 0);
		late = check_now(CLOCK_MONOTONIC) - next;
		if (late > *worst)
			*worst = late;
	}
	_exit(0);
}
#endif

static pid_t live_start_alone(long long *worst)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
#ifdef LIVE_SYSCALL
	if (pid == 0)
		live_tick_alone(worst);
#endif
	if (pid == 0)
		_exit(0);
	return pid;
}

/* Runs the tickers to their end; fails if one was too late. */
static void live_run(void)
{
	long long *alone = mmap(NULL, sizeof *alone, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_t t[TICKERS];
	int status;
	pid_t pid;

	CHECK(alone != MAP_FAILED);
	live_start = check_now(CLOCK_MONOTONIC);
	pid = live_start_alone(alone);
	for (int i = 0; i < TICKERS; i++)
		t[i] = check_spawn(live_tick, NULL);
	for (int i = 0; i < TICKERS; i++)
		check_join(t[i]);
	__atomic_store_n(&live_stop, 1, __ATOMIC_RELEASE);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	fprintf(stderr, "worst tick %lld us late, alone %lld\n",
		live_worst / 1000, *alone / 1000);
	if (live_worst > LATEST_MS * CHECK_MS + 2 * *alone)
		check_fail("a tick came %lld ms late", live_worst / CHECK_MS);
}

#endif
