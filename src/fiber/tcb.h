/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * glibc's thread control block: ALL knowledge of glibc internals is here, in
 * tcb*.c.
 *
 * A TCB is named by its thread pointer tp.  Offsets come from the descriptors
 * libc exports for debuggers (_thread_db_*) and from looking at real threads;
 * none is guessed.
 */
#ifndef ZAG_FIBER_TCB_H
#define ZAG_FIBER_TCB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Byte offset of the kernel's thread id from tp; 0 until known. */
extern int zag_tcb_tid_offset;

/* Find out where a thread's id and its cancellation are: the constructor, as
 * programs without a second thread lock mutexes, too.  NULL, or why it cannot
 * be done, for a message. */
const char *zag_tcb_start(void);

/* Find out what else needs no second thread, when there is to be one.  NULL or
 * why not. */
const char *zag_tcb_init(void);

/* Find out the rest; `real` runs on a thread glibc itself has made.  NULL or
 * why not.  zag_tcb_probe_real is to be called on that thread. */
const char *zag_tcb_boot(void);
void zag_tcb_probe_real(void);

/* Room a TCB needs below and above tp, and tp's alignment (a power of 2). */
size_t zag_tcb_below(void);
size_t zag_tcb_above(void);
size_t zag_tcb_align(void);

/* pthread_t of the TCB at tp, and back. */
pthread_t zag_tcb_pthread(void *tp);
void *zag_tcb_tp(pthread_t t);

/*
 * Make a TCB at tp, in zeroed memory, with thread id tid: DTV and static TLS,
 * guards, resolver state, self-linked lists.  Calls libc's calloc.  False: no
 * memory.  Context: any thread or fiber with a TCB.
 */
bool zag_tcb_build(void *tp, uint32_t tid);

/* Make the TCB at tp, whose fiber has finished, ready for another: every
 * module's TLS image is restored except libc's, the loader's and ours. */
void zag_tcb_recycle(void *tp);

/* Modules were loaded or unloaded: new static TLS is initialised in every TCB.
 * After dlopen and dlclose, on their thread or fiber. */
void zag_tcb_modules_changed(void);

/* In a forked child: a thread that is gone may have held the lock. */
void zag_tcb_reset(void);

/* On the fiber itself, first thing: what start_thread does for a thread. */
void zag_tcb_enter(void);

/* On the fiber itself, last thing: C++ thread_local and key destructors, with
 * PTHREAD_DESTRUCTOR_ITERATIONS, in glibc's order. */
void zag_tcb_leave(void);

/* On the fiber itself, after zag_tcb_leave: what libc's malloc has kept for it is
 * free for others. */
void zag_tcb_free_cache(void);

/* On the fiber itself, after zag_tcb_leave: the robust mutexes it still holds
 * are marked as their owner's death leaves them, as the kernel does for a
 * thread. */
void zag_tcb_owner_dies(void);

/* Set this TCB's thread id. */
void zag_tcb_set_tid(void *tp, uint32_t tid);

/*
 * Where glibc's pthread_exit and cancellation unwind to: the buffer of the
 * calling fiber's first frame, its jump buffer filled by setjmp there.
 */
void zag_tcb_set_unwind(__pthread_unwind_buf_t *buf);

/* Main's outermost buffer belongs to libc's start code, which would end the
 * kernel thread: make it go to zag_arch_main_left.  On the main thread. */
void zag_tcb_patch_main_unwind(void);

/* Main's rseq area must not be written by the kernel any more, now that main
 * runs on any carrier.  On the main thread. */
void zag_tcb_rseq_off(void);

/* The offset from tp of a thread-local variable of this object. */
#define ZAG_TCB_OFFSET(var) ((char *)&(var) - (char *)zag_arch_tp())
#define ZAG_TCB_AT(tp, off, type) (*(type *)((char *)(tp) + (off)))

#endif
