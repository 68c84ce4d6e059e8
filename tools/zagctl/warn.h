/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator should look at: HOG, BLOCK, STARVE, STACK, DEADLK. */
#ifndef ZAGCTL_WARN_H
#define ZAGCTL_WARN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The fiber that `fiber` waits for; 0: none, or nobody knows. */
uint64_t waits_for(const json_t *fiber);

/* Those of the answer to "ps" that wait in a cycle, as id -> true. */
json_t *find_cycles(const json_t *fibers);

/* The row of a fiber; NULL: it is not there. */
json_t *fiber_of(const json_t *fibers, uint64_t id);

/* The warnings for one fiber, "" if there is none; text is 64 bytes. */
char *warnings(char *text, long pid, const json_t *fiber,
	       const json_t *cycles);

#endif
