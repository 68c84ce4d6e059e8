/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a debugger needs to find fibers in a process or a core file without
 * debug information: the exported constant zag_debug.
 *
 * Fibers: from `slabs` on, a list; in each, slots 1 to `carved` of `stride`
 * bytes from `base` on end at page boundaries, and a slot's fiber is
 * fiber_size bytes below its end, rounded down to fiber_align.  main's is at
 * `main`.  One whose tp is 0 or whose state is 0 is none.
 *
 * Registers of one that does not run: at sp + saved[i].at is the DWARF register
 * saved[i].reg; the stack pointer is sp + saved_size, and the program counter
 * is what register saved_pc says.
 */
#ifndef ZAG_OBS_DEBUG_H
#define ZAG_OBS_DEBUG_H

#include <stdint.h>

enum { ZAG_DEBUG_VERSION = 1, ZAG_DEBUG_SAVED = 12 };

#define ZAG_DEBUG_MAGIC "zagdbg\n"

struct zag_debug {
	char magic[8];
	uint32_t version, size;
	uint64_t slabs; /* address of the list's head */
	uint64_t main;	/* address of main's fiber */
	uint32_t slab_next, slab_class, slab_base, slab_carved;
	uint32_t class_stride;
	uint32_t fiber_size, fiber_align;
	uint32_t fiber_sp, fiber_tp, fiber_state, fiber_id, fiber_name;
	uint32_t fiber_start, fiber_why, fiber_why_arg, fiber_carrier;
	uint32_t fiber_stack_addr, fiber_stack_size;
	uint32_t why_what, why_call, why_arg;
	uint32_t carrier_current, carrier_tid;
	uint32_t saved_count, saved_size, saved_pc, sp_reg;
	struct {
		uint32_t reg, at;
	} saved[ZAG_DEBUG_SAVED];
};

extern const struct zag_debug zag_debug;

#endif
