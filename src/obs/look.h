/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at fibers while they come, go and run: nobody is stopped, nobody
 * takes a lock.  A fiber is copied, and the copy is good if the fiber has not
 * been switched to meanwhile.
 *
 * Context: a native thread; one at a time (the monitor).
 */
#ifndef ZAG_OBS_LOOK_H
#define ZAG_OBS_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "fiber/why.h"
#include "obs/unwind.h"

enum { ZAG_LOOK_STACK = 16 * 1024 }; /* of a stack, copied for a walk */

struct zag_look {
	const struct zag_fiber *fiber;
	uint64_t id;
	uint32_t tid, state; /* enum zag_fiber_state */
	bool native;	     /* its kernel thread has no processor */
	bool detached;
	char name[16];
	uintptr_t start;
	const struct zag_why *why; /* NULL unless it is parked */
	uintptr_t arg;
	int64_t until; /* INT64_MAX: no deadline */
	uint64_t state_ns, age_ns; /* in this state, since it was made */
	uint64_t busy_ns, ready_ns, parked_ns;
	uint64_t switches;
	uintptr_t stack_addr;
	size_t stack_size;
	struct zag_context ctx; /* of one that does not run */
	/* Where it parked, if asked for; 0: not found. */
	uintptr_t call_pc; /* in the function of ours that was called … */
	uintptr_t site_pc; /* … and in the program, behind the call */
};

struct zag_look_cursor {
	bool main_done;
	struct zag_stack_cursor slots;
};

/* The next fiber that has not ended, from a zeroed cursor on; false: none. */
bool zag_look_next(struct zag_look_cursor *c, struct zag_look *l);

/* The same, passing over at most *budget slots; false with *budget left: none. */
bool zag_look_next_within(struct zag_look_cursor *c, struct zag_look *l,
			  uint32_t *budget);

/* That fiber, if it is still there. */
bool zag_look_find(uint64_t id, struct zag_look *l);

/* Copy f's stack from its sp on; the copy is good until the next call.  False
 * if it runs, or has run meanwhile. */
bool zag_look_stack(const struct zag_look *l, size_t most,
		    struct zag_stack_copy *copy);

/* Fill in call_pc and site_pc. */
void zag_look_site(struct zag_look *l);

/* The thread id in a pthread_mutex_t, or of a pthread_rwlock_t's writer, that
 * l waits for; 0: nobody, or it cannot be told. */
uint32_t zag_look_owner(const struct zag_look *l);

/* Bytes of the stack that have been touched. */
size_t zag_look_touched(const struct zag_look *l);

#endif
