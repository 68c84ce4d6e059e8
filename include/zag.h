/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zag.h: cancellation, deadlines, scopes and channels for threads that may be
 * fibers.
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
 * that of the scope, if it has one; then fn is not called.  By the owner. */
int zag_scope_spawn(struct zag_scope *s, int (*fn)(void *arg), void *arg);

/* Cancel all tasks of a scope, as if one had returned err.  Any thread. */
void zag_scope_cancel(struct zag_scope *s, int err);

/*
 * From now on, adopt the threads that pthread_create makes in the scope without
 * further ado: by its owner until it joins, by its tasks, by those that it has
 * adopted, and by the same in scopes inside, which do not adopt themselves.
 * They are cancelled with the tasks and have the time of their creator; the
 * join waits until their functions have ended, but joins them not: that, or
 * detaching them, remains the program's business, and so does what they
 * return.  They do not count for the limit.
 */
void zag_scope_adopt(struct zag_scope *s);

/*
 * Wait for all tasks, also if the caller is cancelled; then the scope is gone.
 * The first error, 0 if there was none; *who, unless NULL, is the arg of the
 * task that returned it, NULL if it was none's.
 */
int zag_scope_join(struct zag_scope *s, void **who);

/*
 * A channel for elements of `size` bytes, which are copied; `capacity` of them
 * fit in before anybody must wait.  With 0, who sends waits for who receives.
 * NULL: no memory.
 */
struct zag_chan;
struct zag_chan *zag_chan_open(size_t size, size_t capacity);

/*
 * Send the element at elem; receive one to there.  0, or nothing was sent or
 * received: EPIPE, the channel is closed, and for who receives empty; what
 * zag_check_cancel says, also before the call; EAGAIN, where the forms with
 * `try` would wait; ETIMEDOUT, in the others with `timed` after `until`, a
 * time of CLOCK_MONOTONIC; ENOMEM.  Those that wait are served in the order in
 * which they came.  All but `try` are cancellation points, pthread_cancel's
 * too.
 */
int zag_chan_send(struct zag_chan *c, const void *elem);
int zag_chan_recv(struct zag_chan *c, void *elem);
int zag_chan_trysend(struct zag_chan *c, const void *elem);
int zag_chan_tryrecv(struct zag_chan *c, void *elem);
int zag_chan_timedsend(struct zag_chan *c, const void *elem,
		       const struct timespec *until);
int zag_chan_timedrecv(struct zag_chan *c, void *elem,
		       const struct timespec *until);

/*
 * Do exactly one of n sends and receives, any one of those that are possible,
 * waiting for the first that is.  A case whose chan is NULL never is.  Returns
 * as these do, *which, unless NULL, being the case that was done or whose
 * channel is closed, else n.  until: NULL, forever; { 0 }, do not wait.
 */
enum { ZAG_RECV, ZAG_SEND };
struct zag_chan_case {
	struct zag_chan *chan;
	int what;   /* ZAG_RECV or ZAG_SEND */
	void *elem; /* to send, or for what is received */
};
int zag_chan_select(const struct zag_chan_case *cases, unsigned int n,
		    const struct timespec *until, unsigned int *which);

/*
 * Nothing more is sent; what was sent can still be received.  Once more, or
 * from any thread: no harm.
 */
void zag_chan_close(struct zag_chan *c);

/*
 * Close, and give it back as soon as all calls that have begun have ended; no
 * other may begin.  NULL is no channel.
 */
void zag_chan_free(struct zag_chan *c);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
