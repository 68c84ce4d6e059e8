/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers in a core file. */
#ifndef ZAGCTL_CORE_H
#define ZAGCTL_CORE_H

#include <jansson.h>

#include "symbols.h"

/*
 * Their stacks, in the form that a process tells them; only fiber `only`
 * unless 0.  Both results are the caller's.  0, or FAILED with a message.
 */
int core_stacks(const char *file, unsigned long only, struct symbols **s,
		json_t **stacks);

#endif
