/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zag.h: cancellation, deadlines and scopes for threads that may be fibers.
 *
 * A program that includes it links libzag and runs with zagshim and without:
 * threads are then kernel threads, and only the calls of this header are ended
 * by a cancellation or a deadline, not those of the C library.  See zag(3).
 */
#ifndef ZAG_H
#define ZAG_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Whether the calling thread is a fiber. */
int zag_active(void);

/* The number zagctl(1) knows the calling fiber by; 0: it is none. */
uint64_t zag_fiber_id(void);

/* Its name, at most size - 1 characters of it, into buf; returns buf. */
char *zag_fiber_name(char *buf, size_t size);

/*
 * 0, or why the calling thread is to end its work: ECANCELED, or what else
 * zag_cancel was given, or ETIMEDOUT after a deadline.  Between
 * zag_shield_enter and the last zag_shield_leave it is always 0, and no
 * blocking call fails for that; they nest.
 */
int zag_check_cancel(void);
void zag_shield_enter(void);
void zag_shield_leave(void);

/*
 * Make the blocking calls of a thread fail with err, the one that it is in and
 * those to come.  0, ESRCH (it has ended; or without zagshim, it has never
 * called a function of this header), EINVAL (err is no error).
 */
int zag_cancel(pthread_t thread, int err);

/*
 * A deadline for the calling thread, and for those that it creates meanwhile:
 * `in` from now, unless an outer one is earlier.  What zag_deadline_push has
 * stored, zag_deadline_pop takes back; both in the same thread, and nested.
 */
struct zag_limit {
	int64_t outer_; /* ns of CLOCK_MONOTONIC; nobody else's business */
};
void zag_deadline_push(struct zag_limit *limit, const struct timespec *in);
void zag_deadline_pop(const struct zag_limit *limit);

/*
 * Call fn(arg), foreign code that blocks without anyone knowing, and return
 * its value: the processor is for others meanwhile.
 */
long zag_blocking_call(long (*fn)(void *arg), void *arg);

/*
 * A scope: no thread that was spawned in it outlives it.  The thread that has
 * opened it spawns and joins; a task may open scopes of its own.
 *
 * The first task that returns other than 0 makes zag_cancel happen to the
 * others; so does the end of its owner's time, or its owner's cancellation,
 * with that error.
 */
struct zag_scope;

/* At most `limit` tasks at a time, 0: any number.  NULL: no memory. */
struct zag_scope *zag_scope_open(unsigned int limit);

/* Have fn(arg) run in a thread.  Waits at the limit.  0, or an error number:
 * that of the scope, if it has one; then fn is not called. */
int zag_scope_spawn(struct zag_scope *s, int (*fn)(void *arg), void *arg);

/* Cancel all tasks of a scope, as if one had returned err.  Any thread. */
void zag_scope_cancel(struct zag_scope *s, int err);

/*
 * Wait for all tasks, also if the caller is cancelled; then the scope is gone.
 * The first error, 0 if there was none; *who, unless NULL, is the arg of the
 * task that returned it, NULL if it was none's.
 */
int zag_scope_join(struct zag_scope *s, void **who);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
