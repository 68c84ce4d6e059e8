/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread whose calls are to fail, call by call, cancelled while it waits and
 * before: what becomes of the call, and that then its connection fails and what
 * ends its work does not.
 */
#ifndef TESTS_API_INJECTED_H
#define TESTS_API_INJECTED_H

#include "../prog/check.h"

#include <zag.h>

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <threads.h>

/* What the calls are about; fresh for each. */
static struct {
	int quiet[2], pipe[2], full[2];
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	pthread_barrier_t barrier;
	mtx_t mtx;
	cnd_t cnd;
	sem_t sem;
	FILE *file;
	_Atomic uint32_t word;
	atomic_int wakes;
	atomic_bool flag, timed_out;
} on;

static inline struct timespec minute(clockid_t clock)
{
	return check_in_ms(clock, 60000);
}

static inline int err_of(long r)
{
	return r < 0 ? errno : 0;
}

enum holds { NOTHING, MUTEX, RWLOCK, MTX, STREAM };

#define FAILS(name_, call_, ...) { .name = name_, .call = call_, __VA_ARGS__ }
#define WAITS(name_, call_, end_, holds_, ...) \
	{ .name = name_, .call = call_, .end = end_, .holds = holds_, \
	  __VA_ARGS__ }

struct op {
	const char *name;
	int (*call)(void);
	void (*end)(void); /* NULL: it fails */
	enum holds holds;  /* main does */
	void (*after)(void);
	bool wakes; /* once, for no reason */
	bool short_time; /* its own, which passes */
	int type, protocol, shared;
};

static void make_pair(int *ends)
{
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void set_up_locks(const struct op *op)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_rwlockattr_t ra;
	pthread_barrierattr_t ba;

	pthread_mutexattr_init(&ma);
	pthread_condattr_init(&ca);
	pthread_rwlockattr_init(&ra);
	pthread_barrierattr_init(&ba);
	CHECK_OK(pthread_mutexattr_settype(&ma, op->type));
	CHECK_OK(pthread_mutexattr_setprotocol(&ma, op->protocol));
	CHECK_OK(pthread_mutexattr_setpshared(&ma, op->shared));
	CHECK_OK(pthread_condattr_setpshared(&ca, op->shared));
	CHECK_OK(pthread_rwlockattr_setpshared(&ra, op->shared));
	CHECK_OK(pthread_barrierattr_setpshared(&ba, op->shared));
	CHECK_OK(pthread_mutex_init(&on.mutex, &ma));
	CHECK_OK(pthread_cond_init(&on.cond, &ca));
	CHECK_OK(pthread_rwlock_init(&on.rwlock, &ra));
	CHECK_OK(pthread_barrier_init(&on.barrier, &ba, 2));
	CHECK_EQ(mtx_init(&on.mtx, mtx_plain), thrd_success);
	CHECK_EQ(cnd_init(&on.cnd), thrd_success);
	CHECK_EQ(sem_init(&on.sem, 0, 0), 0);
}

static void set_up(const struct op *op)
{
	memset(&on, 0, sizeof(on));
	set_up_locks(op);
	make_pair(on.quiet);
	make_pair(on.full);
	CHECK_EQ(pipe(on.pipe), 0);
	on.file = fdopen(dup(on.quiet[0]), "r");
	if (op->holds == MUTEX)
		CHECK_OK(pthread_mutex_lock(&on.mutex));
	else if (op->holds == RWLOCK)
		CHECK_OK(pthread_rwlock_wrlock(&on.rwlock));
	else if (op->holds == MTX)
		CHECK_EQ(mtx_lock(&on.mtx), thrd_success);
	else if (op->holds == STREAM)
		flockfile(on.file);
}

static void take_down(void)
{
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(close(on.quiet[i]), 0);
		CHECK_EQ(close(on.full[i]), 0);
		CHECK_EQ(close(on.pipe[i]), 0);
	}
	fclose(on.file);
}

static struct run {
	const struct op *op;
	int err; /* that it is cancelled with */
	int got;
	atomic_bool begun, go, over;
} run;

/* The program's own error path ends the work. */
static void error_path(void)
{
	pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char c;

	CHECK_ERRNO(recv(on.quiet[0], &c, 1, 0), run.err);
	CHECK_ERRNO(send(on.quiet[0], "x", 1, MSG_NOSIGNAL), run.err);
	CHECK_EQ(zag_check_cancel(), run.err);
	check_write(fd, "x", 1);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(dup(on.quiet[0])), 0);
	CHECK_OK(pthread_mutex_lock(&own));
	CHECK_OK(pthread_mutex_unlock(&own));
}

static void *body(void *arg)
{
	run.begun = true;
	while (!run.go)
		sched_yield();
	run.got = run.op->call();
	run.over = true;
	error_path();
	return arg;
}

/* It waits on; that it has been woken for no reason is for it to see. */
static void end_wait(const struct op *op)
{
	while ((op->wakes && !on.wakes) || (op->short_time && !on.timed_out))
		check_msleep(1);
	check_msleep(2);
	if (run.over)
		check_fail("%s: over, %d", op->name, run.got);
	if (on.wakes > 1)
		check_fail("%s: woken %d times", op->name, on.wakes);
	op->end();
}

static void try(const struct op *op, bool early)
{
	pthread_t t;

	set_up(op);
	run.op = op;
	run.err = early ? EIO : ECANCELED;
	run.begun = run.over = false;
	run.go = !early;
	t = check_spawn(body, NULL);
	while (!run.begun)
		sched_yield();
	if (!early)
		check_msleep(3); /* it waits by now, if it is quick */
	CHECK_OK(zag_cancel(t, run.err));
	run.go = true;
	if (op->end)
		end_wait(op);
	check_join(t);
	if (run.got != (op->end ? 0 : run.err))
		check_fail("%s, cancelled %s: %s", op->name,
			   early ? "before" : "meanwhile",
			   strerrorname_np(run.got) ?: "0");
	if (op->after)
		op->after();
	take_down();
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_all(const struct op *ops, size_t n)
{
	check_join(check_spawn(nothing, NULL)); /* from here on main is one */
	/* On kernel threads libc's calls know nothing of it. */
	for (size_t i = 0; i < n && zag_active(); i++) {
		try(&ops[i], false);
		try(&ops[i], true);
	}
	puts("ok");
	return 0;
}

#endif
