/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a thread: created, finished, joined or detached; the logic of
 * pthread_create(3) and its kin, POSIX.1-2017 XSH.
 */
#ifndef ZAG_WAIT_THREAD_H
#define ZAG_WAIT_THREAD_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fiber/fiber.h"
#include "wait/wait.h"

struct zag_thread_attr {
	size_t stack_size, guard_size;
	void *stack; /* the program's own memory, or NULL */
	bool detached;
	int policy, priority;
	const sigset_t *sigmask;   /* NULL: the creator's */
	const cpu_set_t *affinity; /* NULL: any CPU */
};

/* Install what the scheduler needs of this floor.  Constructor. */
void zag_thread_install(void);

/* A new fiber running start(arg), its id in *t before it runs.  0, or EAGAIN
 * without memory.  Any thread, once the runtime has booted. */
int zag_thread_create(pthread_t *t, const struct zag_thread_attr *attr,
		      void *(*start)(void *), void *arg);

/*
 * Wait until f has finished and recycle it; its value in *value unless NULL.
 * 0, EDEADLK, EINVAL (not joinable), ESRCH (gone), ETIMEDOUT, ZAG_ECANCEL (f
 * is joinable as before).  A deadline in the past never blocks.  Fiber or
 * native thread.
 */
int zag_thread_join(struct zag_fiber *f, void **value, zag_time deadline);

/* As zag_thread_join, but EBUSY where that would wait. */
int zag_thread_tryjoin(struct zag_fiber *f, void **value);

/* 0, EINVAL (not joinable), ESRCH (gone).  Any thread. */
int zag_thread_detach(struct zag_fiber *f);

/* Store what pthread_getaffinity_np will report.  0 or ENOMEM. */
enum { ZAG_AFFINITY_SIZE = sizeof(cpu_set_t) };
int zag_thread_set_affinity(struct zag_fiber *f, const cpu_set_t *set,
			    size_t size);

/* f, the caller, takes no more signals; a hook of the signal floor. */
extern void (*zag_thread_on_closed)(struct zag_fiber *f);

/* f has left its stack for good, its slot is not yet another's; a hook of the
 * signal floor, on a scheduler's stack or another fiber's. */
extern void (*zag_thread_on_gone)(struct zag_fiber *f);

/* The calling fiber is at its end: destructors, then away.  The last one ends
 * the process with exit(0). */
void zag_thread_finish(void) __attribute__((noreturn));

/* The same by exit(2): no destructors, and the last one ends the process at
 * once.  Fiber. */
void zag_thread_quit(int status) __attribute__((noreturn));

#endif
