/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots for fibers: slabs, size classes, guards. */
#include "config.h"

#include "fiber/stack.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "base/lock.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/fiber.h"
#include "fiber/tcb.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

enum {
	SLAB_FIRST = 16,  /* slots in a class's first slab; each next doubles */
	SLAB_MOST = 4096,
	WARM_MOST = 256, /* idle slots of a class that keep their memory */
	KB = 1024,
};

#define SLAB_BYTES ((size_t)4 << 30) /* a slab is no larger than this */

struct zag_stack_class {
	size_t stride;	    /* bytes from slot to slot; debuggers know where */
	size_t size, guard; /* usable bytes, guard bytes */
	struct zag_lock lock; /* protects the rest; a leaf */
	struct zag_fiber *warm, *cold; /* idle slots; cold ones are trimmed */
	uint32_t warms;
	struct zag_stack_slab *slab; /* being cut up */
	uint32_t next_slots;
	struct zag_stack_class *next;
};

_Static_assert(offsetof(struct zag_stack_class, stride) ==
		       ZAG_STACK_CLASS_STRIDE, "obs/debug.c tells it");

_Atomic(struct zag_stack_slab *) zag_stack_slabs;

enum advice { ADVICE_UNTRIED, ADVICE_WORKS, ADVICE_FAILS };

static struct {
	struct zag_lock lock; /* protects the lists' heads; a leaf */
	_Atomic(struct zag_stack_class *) classes;
	_Atomic uint32_t advice; /* enum advice: MADV_GUARD_INSTALL */
} stacks;

/* Few classes for programs that ask for many sizes. */
static size_t round_size(size_t size)
{
	size_t unit = size <= 1024 * KB	   ? 16 * KB :
		      size <= 16 * 1024 * KB ? 256 * KB :
						 4 * 1024 * KB;

	return zag_round_up(size, zag_max(unit, zag_page_size()));
}

static size_t overhead(void)
{
	/* With what aligning tp, the stack's end and the fiber may cost. */
	return zag_tcb_below() + zag_tcb_above() + sizeof(struct zag_fiber) +
	       2 * zag_tcb_align() + 2 * ZAG_CACHE_LINE;
}

static struct zag_stack_class *find(size_t size, size_t guard)
{
	struct zag_stack_class *c = zag_load_acq(&stacks.classes);

	while (c && (c->size != size || c->guard != guard))
		c = c->next;
	return c;
}

struct zag_stack_class *zag_stack_class(size_t size, size_t guard)
{
	struct zag_stack_class *c;

	if (size > SIZE_MAX / 4 || guard > SIZE_MAX / 4)
		return NULL;
	size = round_size(size);
	guard = zag_round_up(guard, zag_page_size());
	c = find(size, guard);
	if (c)
		return c;
	zag_lock(&stacks.lock);
	c = find(size, guard);
	if (!c)
		c = zag_page_carve(sizeof(*c));
	if (c && !c->stride) {
		c->size = size;
		c->guard = guard;
		c->stride = guard + zag_round_up(size + overhead(),
						 zag_page_size());
		c->next_slots = SLAB_FIRST;
		c->next = zag_load_rlx(&stacks.classes);
		zag_store_rel(&stacks.classes, c);
	}
	zag_unlock(&stacks.lock);
	return c;
}

size_t zag_stack_class_size(const struct zag_stack_class *c)
{
	return c->size;
}

size_t zag_stack_class_guard(const struct zag_stack_class *c)
{
	return c->guard;
}

/*
 * As libc maps stacks: a program whose nested functions have trampolines runs
 * code there.  Its PT_GNU_STACK says so; one that has none is old, and may.
 */
static int protection(void)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	const ElfW(Phdr) *end = ph + getauxval(AT_PHNUM);

	while (ph < end && ph->p_type != PT_GNU_STACK)
		ph++;
	return PROT_READ | PROT_WRITE |
	       (ph && (ph == end || (ph->p_flags & PF_X)) ? PROT_EXEC : 0);
}

static char *map_slots(const struct zag_stack_class *c, uint32_t slots)
{
	size_t bytes = c->stride * slots;
	long r = zag_raw(SYS_mmap, NULL, bytes, protection(),
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				 MAP_STACK, -1, 0);

	if ((unsigned long)r > -4096UL)
		return NULL;
	zag_raw(SYS_madvise, r, bytes, MADV_NOHUGEPAGE);
	return (char *)r;
}

/* The class's lock is held. */
static struct zag_stack_slab *grow(struct zag_stack_class *c)
{
	struct zag_stack_slab *s = zag_page_carve(sizeof(*s));
	uint32_t slots = c->next_slots;

	if (!s || c->stride > SIZE_MAX / SLAB_MOST)
		return NULL;
	while (slots > 1 && c->stride * slots > SLAB_BYTES)
		slots /= 2;
	s->base = map_slots(c, slots);
	if (!s->base && slots > 1)
		s->base = map_slots(c, slots = 1);
	if (!s->base)
		return NULL;
	s->slots = slots;
	s->class = c;
	c->next_slots = zag_min(c->next_slots * 2, (uint32_t)SLAB_MOST);
	c->slab = s;
	zag_lock(&stacks.lock);
	s->next = zag_load_rlx(&zag_stack_slabs);
	zag_store_rel(&zag_stack_slabs, s);
	zag_unlock(&stacks.lock);
	return s;
}

/* An emulator (qemu-user) may take any advice and do nothing: have the kernel
 * read a word there.  Without a guard it is 0, a mask that blocks nothing. */
static bool faults(const char *at)
{
	return zag_raw(SYS_rt_sigprocmask, SIG_BLOCK, at, NULL, 8) == -EFAULT;
}

static bool advise_guard(char *at, size_t size)
{
	uint32_t advice = zag_load_rlx(&stacks.advice);
	bool done;

	if (advice == ADVICE_FAILS)
		return false;
	done = !zag_raw(SYS_madvise, at, size, MADV_GUARD_INSTALL);
	if (done && advice == ADVICE_UNTRIED)
		done = faults(at);
	zag_store_rlx(&stacks.advice, done ? ADVICE_WORKS : ADVICE_FAILS);
	return done;
}

static bool install_guard(char *at, size_t size)
{
	return !size || advise_guard(at, size) ||
	       !zag_raw(SYS_mprotect, at, size, PROT_NONE);
}

char *zag_stack_carve(struct zag_stack_class *c)
{
	char *slot = NULL;
	struct zag_stack_slab *s;
	uint32_t n;

	zag_lock(&c->lock);
	s = c->slab;
	if (!s || zag_load_rlx(&s->carved) == s->slots)
		s = grow(c);
	if (s) {
		n = zag_load_rlx(&s->carved);
		slot = s->base + c->stride * n;
		if (install_guard(slot, c->guard))
			zag_store_rel(&s->carved, n + 1);
		else
			slot = NULL;
	}
	zag_unlock(&c->lock);
	return slot ? slot + c->stride : NULL;
}

/* Asking after one page is cheaper than giving back a range that was never
 * touched; a stack is touched from its end downwards. */
static bool touched(char *page)
{
	unsigned char resident = 1;

	zag_raw(SYS_mincore, page, 1, &resident);
	return resident & 1;
}

void zag_stack_trim(struct zag_stack_class *c, char *end, size_t keep)
{
	char *from = end - c->stride + c->guard;
	char *to = end - zag_round_up(keep, zag_page_size());

	if (from < to && touched(to - zag_page_size()))
		zag_raw(SYS_madvise, from, to - from, MADV_DONTNEED);
}

char *zag_stack_next(struct zag_stack_cursor *c)
{
	struct zag_stack_slab *s = c->slab;

	if (!c->begun)
		s = zag_load_acq(&zag_stack_slabs);
	c->begun = true;
	while (s && c->next == zag_load_acq(&s->carved)) {
		s = s->next;
		c->next = 0;
	}
	c->slab = s;
	return s ? s->base + s->class->stride * ++c->next : NULL;
}

void zag_stack_each(void (*fn)(char *slot_end, void *arg), void *arg)
{
	struct zag_stack_cursor c = { 0 };
	char *end;

	while ((end = zag_stack_next(&c)))
		fn(end, arg);
}

struct zag_fiber *zag_stack_pop(struct zag_stack_class *c, uint32_t most)
{
	struct zag_fiber *first = NULL, **end = &first, **from;

	zag_lock(&c->lock);
	for (; most; most--) {
		from = c->warm ? &c->warm : &c->cold;
		c->warms -= c->warm != NULL;
		*end = *from;
		if (!*end)
			break;
		*from = (*end)->next;
		end = &(*end)->next;
	}
	*end = NULL;
	zag_unlock(&c->lock);
	return first;
}

struct zag_fiber *zag_stack_push_warm(struct zag_stack_class *c,
				      struct zag_fiber *f)
{
	struct zag_fiber *next;

	zag_lock(&c->lock);
	for (; f && c->warms < WARM_MOST; f = next) {
		next = f->next;
		f->next = c->warm;
		c->warm = f;
		c->warms++;
	}
	zag_unlock(&c->lock);
	return f;
}

void zag_stack_push(struct zag_stack_class *c, struct zag_fiber *f)
{
	zag_lock(&c->lock);
	f->next = c->cold;
	c->cold = f;
	zag_unlock(&c->lock);
}

/* The slots of the parent's fibers stay as they are, unused. */
void zag_stack_reset(void)
{
	zag_store_rlx(&stacks.classes, NULL);
	zag_store_rlx(&zag_stack_slabs, NULL);
	stacks.lock = (struct zag_lock){ 0 };
}
