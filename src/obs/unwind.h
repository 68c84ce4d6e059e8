/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The callers of a parked context, by the unwind tables of the modules it is
 * in: no lock, no allocation, no signal.
 *
 * The stack is read from a copy, since its fiber may run again meanwhile; what
 * the copy does not hold ends the walk.
 */
#ifndef ZAG_OBS_UNWIND_H
#define ZAG_OBS_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"

struct zag_stack_copy {
	uintptr_t from; /* address of the first byte */
	size_t size;
	const char *bytes;
};

/*
 * The return addresses from the switch on, innermost first; how many.  `stop`
 * (may be NULL): end after an address for which it is true.  Addresses are
 * those of the instruction after the call.
 */
size_t zag_unwind(const struct zag_context *ctx,
		  const struct zag_stack_copy *copy, uintptr_t *pcs,
		  size_t most, bool (*stop)(uintptr_t pc));

/* The same of the caller, on the stack it runs on. */
size_t zag_unwind_here(uintptr_t *pcs, size_t most,
		       bool (*stop)(uintptr_t pc));

/* Whether pc is in this library. */
bool zag_unwind_is_ours(uintptr_t pc);

#endif
