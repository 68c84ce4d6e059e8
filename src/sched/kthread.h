/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel threads of the runtime's own: carriers and helpers.
 *
 * Made by clone on slots of ours, so glibc knows nothing of them and its fork
 * does not reclaim their stacks.
 */
#ifndef ZAG_SCHED_KTHREAD_H
#define ZAG_SCHED_KTHREAD_H

#include <stdatomic.h>
#include <stdint.h>

struct zag_fiber;

/*
 * Start one that runs fn(arg) on slot's stack with its TCB, and inherits the
 * caller's signal mask with all blocked but what the kernel raises for the
 * thread's own doing.  *tid is set before it runs; the kernel clears *alive
 * (and wakes it as a futex) when it is off the stack.  0 or -errno.  Any
 * thread; locks of the runtime may be held.
 */
int zag_kthread_start(struct zag_fiber *slot, int (*fn)(void *arg), void *arg,
		      uint32_t *tid, _Atomic uint32_t *alive);

/* The first thing fn does: the thread's id in its TCB, and its name. */
void zag_kthread_enter(const char *name);

/* Calls of execve(2) under way: meanwhile the kernel makes no threads. */
extern _Atomic uint32_t zag_kthread_execs;

#endif
