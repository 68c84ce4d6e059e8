/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slots of address space for fibers: a guard page, a stack, and on top of it
 * room for static TLS, struct pthread and struct zag_fiber.
 *
 * Slots of one size form a class.  They are cut from slabs of many, and never
 * unmapped; guards are installed with MADV_GUARD_INSTALL where the kernel has
 * it, which splits no VMA, so vm.max_map_count does not limit how many.
 */
#ifndef ZAG_FIBER_STACK_H
#define ZAG_FIBER_STACK_H

#include <stdbool.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct zag_stack_class;

/* A piece of address space cut into slots; debuggers know it. */
struct zag_stack_slab {
	struct zag_stack_slab *next;
	struct zag_stack_class *class;
	char *base;
	uint32_t slots;
	_Atomic uint32_t carved; /* slots in use, from the base on */
};

extern _Atomic(struct zag_stack_slab *) zag_stack_slabs;
enum { ZAG_STACK_CLASS_STRIDE = 0 }; /* offset of a class's stride */

/* The class for stacks of at least `size` usable bytes with a guard of
 * `guard` bytes (0: none).  NULL: no memory.  Any thread. */
struct zag_stack_class *zag_stack_class(size_t size, size_t guard);

/* Usable bytes and guard of a class. */
size_t zag_stack_class_size(const struct zag_stack_class *c);
size_t zag_stack_class_guard(const struct zag_stack_class *c);

/* A slot never used before: its end (page-aligned); NULL: no memory. */
char *zag_stack_carve(struct zag_stack_class *c);

/* Give back the memory of the stack of a slot that ends at `end`, all but
 * the `keep` bytes at its end.  The addresses stay. */
void zag_stack_trim(struct zag_stack_class *c, char *end, size_t keep);

/* The whole slots of every class, for a debugger and for dlopen. */
void zag_stack_each(void (*fn)(char *slot_end, void *arg), void *arg);

/* A walk over them, from a zeroed cursor on: the end of the next slot, NULL: no
 * more.  Slots that are added meanwhile may be missed.  Any thread. */
struct zag_stack_cursor {
	struct zag_stack_slab *slab;
	uint32_t next;
	bool begun;
};

char *zag_stack_next(struct zag_stack_cursor *c);

/* In a forked child: locks may have been held by threads that are gone. */
void zag_stack_reset(void);

/* The idle slots kept with a class, last in first out, linked by `next`: some
 * with the memory of their stacks, as many as there is room for, the others
 * trimmed.  Pop takes the former first, up to `most`; push_warm returns those
 * for which there was no room. */
struct zag_fiber;
struct zag_fiber *zag_stack_pop(struct zag_stack_class *c, uint32_t most);
struct zag_fiber *zag_stack_push_warm(struct zag_stack_class *c,
				      struct zag_fiber *f);
void zag_stack_push(struct zag_stack_class *c, struct zag_fiber *f);

#endif
