/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks that the program brings.
 *
 * Nobody is told when a detached thread has left its stack.  A program that
 * uses it again when the thread has said that it is about to end is wrong, but
 * gets away with it natively, where creating a thread takes longer than that.
 * So a thread begins on a stack when the last one that has begun at the same
 * place is off it.
 */
#ifndef ZAG_WAIT_OWNSTACK_H
#define ZAG_WAIT_OWNSTACK_H

#include "fiber/fiber.h"

/* f, which has user_stack, is about to begin there; waits until it may.  Fiber
 * or native thread. */
void zag_ownstack_claim(struct zag_fiber *f);

/* It has left its stack for good.  Any thread, scheduler stack. */
void zag_ownstack_release(struct zag_fiber *f);

/* In a forked child. */
void zag_ownstack_reset(void);

#endif
