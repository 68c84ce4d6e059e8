/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a call holds while a handler of the program's may run in its wait: it is
 * given back also when the handler leaves the call for good, by siglongjmp, an
 * exception or pthread_exit.
 *
 *	struct zag_held held ZAG_HELD;
 *
 *	zag_held_begin(&held, give_back, arg);
 *
 * give_back(arg) is called when the block is left, and perhaps twice.
 *
 * libc's longjmp runs the cleanup handlers, of the older kind, of the frames
 * that it leaves; unwinding runs those of the compiler.
 *
 * Context: any thread or fiber.
 */
#ifndef ZAG_WRAP_HELD_H
#define ZAG_WRAP_HELD_H

#include <pthread.h>

#define zag_held _pthread_cleanup_buffer /* libc's */
#define ZAG_HELD __attribute__((cleanup(zag_held_end)))

void _pthread_cleanup_push(struct zag_held *h, void (*give_back)(void *),
			   void *arg);
void _pthread_cleanup_pop(struct zag_held *h, int run);

static inline void zag_held_begin(struct zag_held *h,
				  void (*give_back)(void *), void *arg)
{
	_pthread_cleanup_push(h, give_back, arg);
}

static inline void zag_held_end(struct zag_held *h)
{
	_pthread_cleanup_pop(h, 1);
}

/* The thread ends, and no frame of it is left in any way: its TCB is for others
 * then. */
static inline void zag_held_forget(void)
{
	struct zag_held none = { 0 };

	_pthread_cleanup_pop(&none, 0);
}

#endif
