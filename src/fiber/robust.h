/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The robust mutexes that fibers hold, as the kernel is told of them.
 *
 * When a process dies, the kernel tells the next owner of each mutex in the
 * list of each of its threads, if the mutex has that thread's id in it.  A
 * fiber is no thread of the kernel's, so all are in the list of one kernel
 * thread that lives as long as the process, and have its id.  As an id of the
 * kernel's it is no other process's either.
 *
 * Context of all: fiber or native thread, unless said otherwise.
 */
#ifndef ZAG_FIBER_ROBUST_H
#define ZAG_FIBER_ROBUST_H

#include <pthread.h>
#include <stdint.h>

/* The id that a mutex has in its word while a fiber holds it; 0: no runtime.
 * Written before the first fiber exists. */
extern uint32_t zag_robust_tid;

/* Make the calling kernel thread the one; it must not end. */
void zag_robust_adopt(void);

/*
 * Around every change of m's word by which it gets or loses its owner: if the
 * process dies in between, the kernel looks at m.  One fiber at a time, and
 * for nanoseconds: no fiber must park in between.
 */
void zag_robust_begin(pthread_mutex_t *m);
void zag_robust_end(void);

/* In between: the calling fiber, of this id, has taken or gives up m. */
void zag_robust_add(pthread_mutex_t *m, uint32_t tid);
void zag_robust_remove(pthread_mutex_t *m);

/* Which fiber of this process holds m; 0: none. */
uint32_t zag_robust_holder(const pthread_mutex_t *m);

/* The fiber of this id is at its end: as the kernel does for a thread, each
 * mutex that it still holds is marked, and who waits for it is woken. */
void zag_robust_owner_dies(uint32_t tid);

/* In a forked child: it holds none. */
void zag_robust_reset(void);

#endif
