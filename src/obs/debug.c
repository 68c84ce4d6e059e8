/* SPDX-License-Identifier: BSD-2-Clause */
/* The constant for debuggers. */
#include "config.h"

#include "obs/debug.h"

#include <stddef.h>

#include "base/compiler.h"
#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "fiber/why.h"
#include "sched/sched.h"

#define AT(type, member) (uint32_t) offsetof(struct type, member)

/* Pointers in it are relocated, so it is written to, and in every core. */
ZAG_EXPORT const struct zag_debug zag_debug = {
	.magic = ZAG_DEBUG_MAGIC,
	.version = ZAG_DEBUG_VERSION,
	.size = sizeof(struct zag_debug),
	.slabs = (uintptr_t)&zag_stack_slabs,
	.main = (uintptr_t)&zag_fiber_main,
	.slab_next = AT(zag_stack_slab, next),
	.slab_class = AT(zag_stack_slab, class),
	.slab_base = AT(zag_stack_slab, base),
	.slab_carved = AT(zag_stack_slab, carved),
	.class_stride = ZAG_STACK_CLASS_STRIDE,
	.fiber_size = sizeof(struct zag_fiber),
	.fiber_align = ZAG_CACHE_LINE,
	.fiber_sp = AT(zag_fiber, ctx.sp),
	.fiber_tp = AT(zag_fiber, ctx.tp),
	.fiber_state = AT(zag_fiber, state),
	.fiber_id = AT(zag_fiber, id),
	.fiber_name = AT(zag_fiber, name),
	.fiber_start = AT(zag_fiber, start),
	.fiber_why = AT(zag_fiber, why),
	.fiber_why_arg = AT(zag_fiber, why_arg),
	.fiber_carrier = AT(zag_fiber, carrier),
	.fiber_stack_addr = AT(zag_fiber, stack_addr),
	.fiber_stack_size = AT(zag_fiber, stack_size),
	.why_what = AT(zag_why, what),
	.why_call = AT(zag_why, call),
	.why_arg = AT(zag_why, arg),
	.carrier_current = AT(zag_carrier, current),
	.carrier_tid = AT(zag_carrier, tid),
#if defined(__x86_64__)
	.saved_count = 7,
	.saved_size = 64,
	.saved_pc = 16,
	.sp_reg = 7,
	.saved = { { 15, 8 }, { 14, 16 }, { 13, 24 }, { 12, 32 }, { 3, 40 },
		   { 6, 48 }, { 16, 56 } },
#elif defined(__aarch64__)
	.saved_count = 12,
	.saved_size = 176,
	.saved_pc = 30,
	.sp_reg = 31,
	.saved = { { 29, 0 }, { 30, 8 }, { 19, 16 }, { 20, 24 }, { 21, 32 },
		   { 22, 40 }, { 23, 48 }, { 24, 56 }, { 25, 64 }, { 26, 72 },
		   { 27, 80 }, { 28, 88 } },
#endif
};
