/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fiber waits for, as an observer is told: a constant description and
 * one word of argument, which the fiber leaves in its struct before it parks.
 *
 * The call's name is not here: whoever reads it finds that on the fiber's
 * stack.  So telling costs a wait two stores, and a call that does not wait
 * nothing.
 */
#ifndef ZAG_FIBER_WHY_H
#define ZAG_FIBER_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "fiber/fiber.h"

/* What the argument is. */
enum zag_why_arg {
	ZAG_ARG_NONE,
	ZAG_ARG_FD,
	ZAG_ARG_FDS,	 /* how many */
	ZAG_ARG_ADDRESS, /* of what is waited for */
	ZAG_ARG_MUTEX,	 /* pthread_mutex_t, which knows its owner */
	ZAG_ARG_RWLOCK,	 /* pthread_rwlock_t, which knows its writer */
	ZAG_ARG_FIBER,	 /* struct zag_fiber */
	ZAG_ARG_PID,	 /* as waitpid(2) takes it */
	ZAG_ARG_SIGNALS, /* a set */
};

struct zag_why {
	const char *what;
	const char *call; /* what its calls are named; NULL: it depends */
	uint8_t arg; /* enum zag_why_arg */
	bool inside; /* only this process can end it, unless shared */
	uint8_t index; /* enum zag_why_index */
};

/* name, what it is called, the call as a rule, its argument, inside */
#define ZAG_WHYS(X)                                                     \
	X(input, "input", NULL, FD, false)                              \
	X(output, "output", NULL, FD, false)                            \
	X(poll, "poll", "poll", FDS, false)                             \
	X(sleep, "sleep", "sleep", NONE, false)                         \
	X(offload, "offload", NULL, FD, false)                          \
	X(child, "child", "waitpid", PID, false)                        \
	X(signals, "signals", "sigwait", SIGNALS, false)                \
	X(shared, "shared futex", NULL, ADDRESS, false)                 \
	X(futex, "futex", NULL, ADDRESS, true)                          \
	X(mutex, "mutex", "pthread_mutex_lock", MUTEX, true)            \
	X(cond, "cond", "pthread_cond_wait", ADDRESS, true)             \
	X(read_lock, "read lock", "pthread_rwlock_rdlock", RWLOCK, true) \
	X(write_lock, "write lock", "pthread_rwlock_wrlock", RWLOCK, true) \
	X(semaphore, "semaphore", "sem_wait", ADDRESS, true)            \
	X(barrier, "barrier", "pthread_barrier_wait", ADDRESS, true)    \
	X(once, "once", "pthread_once", ADDRESS, true)                  \
	X(join, "join", "pthread_join", FIBER, true)                    \
	X(runtime, "runtime lock", NULL, ADDRESS, true)

#define X(name, what, call, arg, inside) ZAG_WHY_##name,
enum zag_why_index { ZAG_WHYS(X) ZAG_WHY_COUNT };
#undef X

/* All of them, by their index. */
extern const struct zag_why *const zag_whys[ZAG_WHY_COUNT];

#define X(name, what, call, arg, inside) \
	extern ZAG_HIDDEN const struct zag_why zag_why_##name;
ZAG_WHYS(X)
#undef X

/* The next wait of this fiber is for that.  Fiber or native thread. */
static inline void zag_why_set(const struct zag_why *why, uintptr_t arg)
{
	struct zag_fiber *f = zag_fiber_self();

	if (!ZAG_OBSERVED || !f)
		return;
	zag_store_rlx(&f->why, why);
	zag_store_rlx(&f->why_arg, arg);
}

/* The same, where nobody above has said it: what a floor knows by itself. */
static inline void zag_why_default(const struct zag_why *why, uintptr_t arg)
{
	struct zag_fiber *f = zag_fiber_self();

	if (ZAG_OBSERVED && f && !zag_load_rlx(&f->why))
		zag_why_set(why, arg);
}

/* The wait is over, or there was none. */
static inline void zag_why_clear(struct zag_fiber *f)
{
	if (ZAG_OBSERVED)
		zag_store_rlx(&f->why, NULL);
}

#endif
