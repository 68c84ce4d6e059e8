/* SPDX-License-Identifier: BSD-2-Clause */
/* The static TLS of modules, in the TCBs that we have made. */
#include "config.h"

#include "fiber/tcb.h"

#include <link.h>
#include <string.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/lock.h"
#include "base/page.h"
#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "fiber/tcb_glibc.h"

enum { MODULES_MAX = 512 };

/* A module with static TLS: where its block is, how it begins. */
struct module {
	ptrdiff_t offset; /* from tp */
	const void *image;
	size_t image_size, size;
	bool keep; /* libc's, the loader's, ours: never restored */
};

/* All of them at one time.  Never changed nor freed: readers take no lock. */
struct modules {
	int count;
	struct module list[MODULES_MAX];
};

static _Atomic(struct modules *) newest;
static struct zag_lock lock; /* orders making new ones */

struct scan {
	const void *ours, *libc;
	const struct modules *old;
	struct modules *new;
};

bool zag_tcb_is_within(const struct dl_phdr_info *info, const void *addr)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = (uintptr_t)addr - info->dlpi_addr;

		if (ph->p_type == PT_LOAD && at >= ph->p_vaddr &&
		    at < ph->p_vaddr + ph->p_memsz)
			return true;
	}
	return false;
}

static bool is_loader(const struct dl_phdr_info *info)
{
	return zag_tcb_is_within(info, (void *)zag_glibc.allocate_tls);
}

/* Images are copied: a module may be unloaded while another carrier restores
 * one.  What was copied before is used again. */
static const void *copy_image(const struct modules *old, const struct module *m)
{
	void *copy;

	for (int i = 0; old && i < old->count; i++)
		if (old->list[i].offset == m->offset &&
		    old->list[i].image_size == m->image_size &&
		    !memcmp(old->list[i].image, m->image, m->image_size))
			return old->list[i].image;
	copy = zag_page_carve(m->image_size + 1);
	if (copy)
		memcpy(copy, m->image, m->image_size);
	return copy;
}

static struct link_map *link_map_of(const struct dl_phdr_info *info)
{
	struct link_map *map = _r_debug.r_map;
	const void *dynamic = NULL;

	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic = (void *)(info->dlpi_addr +
					   info->dlpi_phdr[i].p_vaddr);
	while (map && map->l_ld != dynamic)
		map = map->l_next;
	return map;
}

/*
 * Where the module's block is, from tp.  dlpi_tls_data would tell for this
 * thread, but not of a module whose block it has not touched.  l_tls_offset is
 * 0 or -1 for a module without static TLS.
 */
static bool static_offset(const struct dl_phdr_info *info, ptrdiff_t *off)
{
	struct link_map *map = link_map_of(info);
	ptrdiff_t at;

	if (!map)
		return false;
	at = *(ptrdiff_t *)((char *)map + zag_glibc.tls_offset);
	if (at == 0 || at == -1)
		return false;
#if defined(__x86_64__)
	*off = -at;
#else
	*off = at;
#endif
	return *off >= -(ptrdiff_t)zag_tcb_below() &&
	       *off < (ptrdiff_t)zag_tcb_above();
}

static void add_module(struct scan *s, struct dl_phdr_info *info,
		       const ElfW(Phdr) *ph)
{
	struct module *m = &s->new->list[s->new->count];
	ptrdiff_t off;

	if (s->new->count == MODULES_MAX || !static_offset(info, &off))
		return;
	m->offset = off;
	m->image = (void *)(info->dlpi_addr + ph->p_vaddr);
	m->image_size = ph->p_filesz;
	m->size = ph->p_memsz;
	m->keep = zag_tcb_is_within(info, s->ours) ||
		  zag_tcb_is_within(info, s->libc) || is_loader(info);
	m->image = copy_image(s->old, m);
	if (m->image)
		s->new->count++;
}

static int scan_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	if (!info->dlpi_tls_modid)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			add_module(arg, info, &info->dlpi_phdr[i]);
	return 0;
}

/* Returns those known before. */
static const struct modules *find_modules(void)
{
	struct scan s = {
		.ours = &zag_glibc,
		.libc = (void *)zag_glibc.ctype_init,
		.old = zag_load_acq(&newest),
		.new = zag_page_alloc(sizeof(*s.new)),
	};

	if (!s.new)
		return s.old;
	dl_iterate_phdr(scan_module, &s);
	if (s.old && !memcmp(s.old, s.new, sizeof(*s.new)))
		zag_page_free(s.new, sizeof(*s.new)); /* nothing has changed */
	else
		zag_store_rel(&newest, s.new);
	return s.old;
}

static bool was_known(const struct modules *old, const struct module *m)
{
	for (int i = 0; old && i < old->count; i++)
		if (old->list[i].offset == m->offset &&
		    old->list[i].image == m->image)
			return true;
	return false;
}

/* libc gives the place of an unloaded module to the next one: a TCB there must
 * be as it was at first. */
static void clear_old_modules(char *slot_end, void *arg)
{
	const struct modules *old = arg;
	const struct modules *now = zag_load_acq(&newest);
	void *tp = zag_fiber_slot(slot_end)->ctx.tp;

	for (int i = 0; tp && old && i < old->count; i++)
		if (!was_known(now, &old->list[i]))
			memset((char *)tp + old->list[i].offset, 0,
			       old->list[i].size);
}

/* libc does this for threads on its own list.  A constructor of the module has
 * run on the calling fiber: what it wrote stays. */
static void init_block(char *to, const struct module *m)
{
	for (size_t i = 0; i < m->size; i++)
		if (to[i])
			return;
	memcpy(to, m->image, m->image_size);
}

static void init_new_modules(char *slot_end, void *arg)
{
	const struct modules *old = arg;
	const struct modules *now = zag_load_acq(&newest);
	void *tp = zag_fiber_slot(slot_end)->ctx.tp;

	for (int i = 0; tp && i < now->count; i++)
		if (!was_known(old, &now->list[i]))
			init_block((char *)tp + now->list[i].offset,
				   &now->list[i]);
}

void zag_tcb_reset(void)
{
	lock = (struct zag_lock){ 0 };
}

void zag_tcb_modules_changed(void)
{
	const struct modules *old;

	if (!zag_load_acq(&newest))
		return; /* no TCB of ours yet */
	zag_lock(&lock);
	old = find_modules();
	zag_stack_each(clear_old_modules, (void *)old);
	zag_stack_each(init_new_modules, (void *)old);
	zag_unlock(&lock);
}

const char *zag_tcb_find_modules(void)
{
	find_modules();
	return zag_load_rlx(&newest) ? NULL : "no memory";
}

void zag_tcb_restore_images(void *tp)
{
	const struct modules *now = zag_load_acq(&newest);

	for (int i = 0; i < now->count; i++) {
		const struct module *m = &now->list[i];
		char *to = (char *)tp + m->offset;

		if (m->keep)
			continue;
		memcpy(to, m->image, m->image_size);
		memset(to + m->image_size, 0, m->size - m->image_size);
	}
}
