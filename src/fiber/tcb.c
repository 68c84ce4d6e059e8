/* SPDX-License-Identifier: BSD-2-Clause */
/* glibc's thread control block; every assumption about glibc stands here. */
#include "config.h"

#include "fiber/tcb.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <locale.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/fiber.h"
#include "fiber/stack.h"

/* libc's descriptor of a field for debuggers: bits, elements, offset. */
struct field {
	uint32_t bits, count, offset;
};

struct key_data { /* struct pthread_key_data */
	uintptr_t seq;
	void *data;
};

struct key { /* struct pthread_key_struct */
	uintptr_t seq; /* odd: in use */
	void (*destr)(void *);
};

union dtv { /* glibc's dtv_t */
	size_t counter;
	struct {
		void *val;
		void *to_free;
	} pointer;
};

enum {
	KEYS_PER_BLOCK = 32, /* PTHREAD_KEY_2NDLEVEL_SIZE */
	KEY_BLOCKS = PTHREAD_KEYS_MAX / KEYS_PER_BLOCK,
	RSEQ_SIG_X86 = 0x53053053,
	RSEQ_AREA = 32,
	RSEQ_CPU_UNREGISTERED = -2, /* RSEQ_CPU_ID_REGISTRATION_FAILED */
	MODULES_MAX = 512,
};

/* From an entry of the robust list to the mutex's word. */
#define ROBUST_OFFSET                                          \
	((long)offsetof(pthread_mutex_t, __data.__lock) -      \
	 (long)offsetof(pthread_mutex_t, __data.__list.__next))

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

static struct {
	size_t static_size, align; /* of the whole static TLS area */
	size_t pthread_size;
	uint32_t tid, dtvp, list, specific, cancelhandling;
	uint32_t start_routine;
	uint32_t tls_offset; /* in struct link_map */
	ptrdiff_t self;	    /* pthread_t - tp */
	ptrdiff_t resp, res; /* __resp, and struct pthread's own state */
	uint32_t unwind;    /* cleanup_jmp_buf */
	const unsigned *rseq_size;
	const ptrdiff_t *rseq_offset;
	struct key *keys;
	void *(*allocate_tls)(void *);
	void (*ctype_init)(void);
	void (*call_tls_dtors)(void);
	_Atomic(struct modules *) modules; /* the newest */
	struct zag_lock lock;		   /* orders making new ones */
} glibc;

int zag_tcb_tid_offset;

#define FIELD(tp, off, type) \
	(*(type *)((char *)zag_tcb_pthread_ptr(tp) + glibc.off))

static inline char *zag_tcb_pthread_ptr(void *tp)
{
	return (char *)tp + glibc.self;
}

static bool get_field(const char *name, uint32_t *offset)
{
	const struct field *f = dlsym(RTLD_DEFAULT, name);

	if (f)
		*offset = f->offset;
	return f != NULL;
}

static const char *find_fields(void)
{
	const uint32_t *size = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");

	if (!size || !get_field("_thread_db_pthread_tid", &glibc.tid) ||
	    !get_field("_thread_db_pthread_dtvp", &glibc.dtvp) ||
	    !get_field("_thread_db_pthread_list", &glibc.list) ||
	    !get_field("_thread_db_pthread_specific", &glibc.specific) ||
	    !get_field("_thread_db_pthread_start_routine",
		       &glibc.start_routine) ||
	    !get_field("_thread_db_link_map_l_tls_offset",
		       &glibc.tls_offset) ||
	    !get_field("_thread_db_pthread_cancelhandling",
		       &glibc.cancelhandling))
		return "libc has no descriptors of struct pthread";
	glibc.pthread_size = *size;
	return NULL;
}

static const char *find_functions(void)
{
	void (*info)(size_t *, size_t *);

	info = dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
	glibc.allocate_tls = dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
	glibc.ctype_init = dlsym(RTLD_DEFAULT, "__ctype_init");
	glibc.call_tls_dtors = dlsym(RTLD_DEFAULT, "__call_tls_dtors");
	glibc.keys = dlsym(RTLD_DEFAULT, "__pthread_keys");
	glibc.rseq_size = dlsym(RTLD_DEFAULT, "__rseq_size");
	glibc.rseq_offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
	if (!info || !glibc.allocate_tls || !glibc.ctype_init ||
	    !glibc.call_tls_dtors || !glibc.keys)
		return "libc lacks a private symbol it had in 2.36";
	info(&glibc.static_size, &glibc.align);
	return NULL;
}

/* __resp is a thread-local of libc: dlsym gives this thread's instance. */
static const char *find_resolver(void)
{
	char *resp = dlsym(RTLD_DEFAULT, "__resp");

	if (!resp)
		return "libc has no __resp";
	glibc.resp = resp - (char *)zag_arch_tp();
	return NULL;
}

/* What must hold on any live thread if the descriptors mean what we think. */
static const char *check_thread(void)
{
	void *tp = zag_arch_tp();

	if (pthread_self() != zag_tcb_pthread(tp))
		return "pthread_self is not where it was expected";
	if (FIELD(tp, tid, uint32_t) != (uint32_t)zag_raw(SYS_gettid))
		return "struct pthread's tid is not the thread's";
	return NULL;
}

const char *zag_tcb_init(void)
{
	const char *why = find_fields();

	if (!why)
		why = find_functions();
	if (!why)
		why = find_resolver();
	if (why)
		return why;
#if defined(__x86_64__)
	glibc.self = 0;
#else
	glibc.self = -(ptrdiff_t)glibc.pthread_size;
#endif
	why = check_thread();
	if (!why)
		zag_tcb_tid_offset = (int)(glibc.self + glibc.tid);
	return why;
}

/* --- found on a thread of glibc's own --------------------------------- */

static const char *probe_result;

/*
 * struct pthread's resolver state: __resp points at it in any thread but main.
 * cleanup_jmp_buf stands right before cancelhandling: see that it does.
 */
static const char *probe(void)
{
	__pthread_unwind_buf_t buf;
	void *tp = zag_arch_tp();
	char *res = ZAG_TCB_AT(tp, glibc.resp, char *);
	bool found;

	glibc.res = res - (char *)tp;
	if (glibc.res < glibc.self ||
	    glibc.res >= glibc.self + (ptrdiff_t)glibc.pthread_size)
		return "the resolver state is not in struct pthread";
	glibc.unwind = glibc.cancelhandling - sizeof(void *);
	__pthread_register_cancel(&buf);
	found = FIELD(tp, unwind, void *) == &buf;
	__pthread_unregister_cancel(&buf);
	return found ? NULL : "cleanup_jmp_buf is not where it was expected";
}

void zag_tcb_probe_real(void)
{
	probe_result = check_thread();
	if (!probe_result)
		probe_result = probe();
}

/* --- modules with static TLS ------------------------------------------- */

struct scan {
	const void *ours, *libc;
	const struct modules *old;
	struct modules *new;
};

static bool contains(const struct dl_phdr_info *info, const void *addr)
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
	return contains(info, (void *)glibc.allocate_tls);
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
	at = *(ptrdiff_t *)((char *)map + glibc.tls_offset);
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
	m->keep = contains(info, s->ours) || contains(info, s->libc) ||
		  is_loader(info);
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
		.ours = &glibc,
		.libc = (void *)glibc.ctype_init,
		.old = zag_load_acq(&glibc.modules),
		.new = zag_page_alloc(sizeof(*s.new)),
	};

	if (!s.new)
		return s.old;
	dl_iterate_phdr(scan_module, &s);
	if (s.old && !memcmp(s.old, s.new, sizeof(*s.new)))
		zag_page_free(s.new, sizeof(*s.new)); /* nothing has changed */
	else
		zag_store_rel(&glibc.modules, s.new);
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
	const struct modules *now = zag_load_acq(&glibc.modules);
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
	const struct modules *now = zag_load_acq(&glibc.modules);
	void *tp = zag_fiber_slot(slot_end)->ctx.tp;

	for (int i = 0; tp && i < now->count; i++)
		if (!was_known(old, &now->list[i]))
			init_block((char *)tp + now->list[i].offset,
				   &now->list[i]);
}

void zag_tcb_reset(void)
{
	glibc.lock = (struct zag_lock){ 0 };
}

void zag_tcb_modules_changed(void)
{
	const struct modules *old;

	if (!zag_load_acq(&glibc.modules))
		return; /* no TCB of ours yet */
	zag_lock(&glibc.lock);
	old = find_modules();
	zag_stack_each(clear_old_modules, (void *)old);
	zag_stack_each(init_new_modules, (void *)old);
	zag_unlock(&glibc.lock);
}

const char *zag_tcb_boot(void)
{
	if (!probe_result)
		find_modules();
	if (!probe_result && !zag_load_rlx(&glibc.modules))
		return "no memory";
	return probe_result;
}

/* --- geometry ----------------------------------------------------------- */

#if defined(__x86_64__)
/* Static TLS grows down from tp, struct pthread begins at it. */
size_t zag_tcb_below(void)
{
	return glibc.static_size - glibc.pthread_size;
}

size_t zag_tcb_above(void)
{
	return glibc.pthread_size;
}
#else
/* struct pthread ends at tp, static TLS grows up behind a 16-byte header. */
size_t zag_tcb_below(void)
{
	return glibc.pthread_size;
}

size_t zag_tcb_above(void)
{
	return glibc.static_size + 16;
}
#endif

size_t zag_tcb_align(void)
{
	return zag_max(glibc.align, (size_t)64);
}

pthread_t zag_tcb_pthread(void *tp)
{
	return (pthread_t)zag_tcb_pthread_ptr(tp);
}

void *zag_tcb_tp(pthread_t t)
{
	return (char *)t - glibc.self;
}

/* --- making one --------------------------------------------------------- */

static void copy_header(void *tp)
{
#if defined(__x86_64__)
	char *from = zag_arch_tp();

	/* tcbhead_t: tcb, dtv, self, multiple_threads, sysinfo, the two guards
	 * at 0x28 and 0x30 (the compiler's ABI), vgetcpu_cache, feature_1. */
	ZAG_TCB_AT(tp, 0x00, void *) = tp;
	ZAG_TCB_AT(tp, 0x10, void *) = tp;
	ZAG_TCB_AT(tp, 0x18, int) = 1;
	memcpy((char *)tp + 0x28, from + 0x28, 0x10);
	ZAG_TCB_AT(tp, 0x48, int) = *(int *)(from + 0x48);
#else
	(void)tp;
#endif
}

/* The area stays unregistered: cpu_id says so, and sched_getcpu asks the
 * vDSO. */
static void mark_rseq_off(void *tp)
{
	if (glibc.rseq_offset && glibc.rseq_size && *glibc.rseq_size)
		ZAG_TCB_AT(tp, *glibc.rseq_offset + 4, int32_t) =
			RSEQ_CPU_UNREGISTERED;
}

/* robust_prev and robust_head follow tid and another int, as __nptl_robust
 * lists need them: empty lists point at themselves. */
static void init_lists(void *tp)
{
	char *self = zag_tcb_pthread_ptr(tp);
	void **list = (void **)(self + glibc.list);
	void **robust_prev = (void **)(self + glibc.tid + 8);
	void **robust_head = robust_prev + 1;

	list[0] = list[1] = list;
	*robust_prev = robust_head;
	*robust_head = robust_head;
}

void zag_tcb_set_tid(void *tp, uint32_t tid)
{
	FIELD(tp, tid, uint32_t) = tid;
}

static struct key_data **key_blocks(void *tp)
{
	return &FIELD(tp, specific, struct key_data *);
}

bool zag_tcb_build(void *tp, uint32_t tid)
{
	/* specific_1stblock stands right before specific. */
	struct key_data *first = (struct key_data *)key_blocks(tp) -
				 KEYS_PER_BLOCK;

	copy_header(tp);
	if (!glibc.allocate_tls(tp))
		return false;
	zag_tcb_set_tid(tp, tid);
	init_lists(tp);
	mark_rseq_off(tp);
	key_blocks(tp)[0] = first;
	ZAG_TCB_AT(tp, glibc.resp, void *) = (char *)tp + glibc.res;
	return true;
}

static void restore_images(void *tp)
{
	const struct modules *now = zag_load_acq(&glibc.modules);

	for (int i = 0; i < now->count; i++) {
		const struct module *m = &now->list[i];
		char *to = (char *)tp + m->offset;

		if (m->keep)
			continue;
		memcpy(to, m->image, m->image_size);
		memset(to + m->image_size, 0, m->size - m->image_size);
	}
}

/* TLS of modules that were loaded later hangs off the DTV: let it go; it is
 * made anew where it is touched. */
static void free_dynamic(void *tp)
{
	union dtv *dtv = FIELD(tp, dtvp, union dtv *);
	size_t n = dtv[-1].counter;

	for (size_t i = 1; i <= n; i++) {
		if (!dtv[i].pointer.to_free)
			continue;
		free(dtv[i].pointer.to_free);
		dtv[i].pointer.to_free = NULL;
		dtv[i].pointer.val = (void *)-1; /* TLS_DTV_UNALLOCATED */
	}
}

void zag_tcb_recycle(void *tp)
{
	free_dynamic(tp);
	restore_images(tp);
	FIELD(tp, cancelhandling, int) = 0;
}

/* libc's own TLS is not restored when a slot is recycled: what a program can
 * see of it starts anew here. */
void zag_tcb_enter(void)
{
	uselocale(LC_GLOBAL_LOCALE);
	glibc.ctype_init();
	h_errno = 0;
	errno = 0;
}

/* --- the end of a thread ----------------------------------------------- */

/* One pass over this fiber's keys; true if a destructor was called. */
static bool run_key_destructors(struct key_data **blocks)
{
	bool ran = false;

	for (size_t b = 0; b < KEY_BLOCKS; b++) {
		for (size_t k = 0; blocks[b] && k < KEYS_PER_BLOCK; k++) {
			struct key_data *d = &blocks[b][k];
			struct key *key = &glibc.keys[b * KEYS_PER_BLOCK + k];
			void *data = d->data;

			d->data = NULL;
			if (!data || d->seq != key->seq || !key->destr)
				continue;
			ran = true;
			key->destr(data);
		}
	}
	return ran;
}

void zag_tcb_leave(void)
{
	struct key_data **blocks = key_blocks(zag_arch_tp());
	int i = 0;

	glibc.call_tls_dtors();
	while (run_key_destructors(blocks) &&
	       ++i < PTHREAD_DESTRUCTOR_ITERATIONS)
		;
	for (size_t b = 0; b < KEY_BLOCKS; b++)
		if (blocks[b])
			memset(blocks[b], 0,
			       KEYS_PER_BLOCK * sizeof(struct key_data));
}

/* The kernel's struct robust_list_head, at which libc keeps the list. */
struct robust_head {
	uintptr_t first; /* next entry; bit 0: a PI mutex; ends at itself */
	long futex_offset; /* set for the kernel; of no use here */
	uintptr_t pending;
};

/* As handle_futex_death() in the kernel.  libc's robust mutexes always wait by
 * the shared form of the futex. */
static void mark_dead(uintptr_t entry, long offset, uint32_t tid)
{
	_Atomic uint32_t *word =
		(_Atomic uint32_t *)((entry & ~(uintptr_t)1) + offset);
	uint32_t v = zag_load_acq(word);

	do {
		if ((v & FUTEX_TID_MASK) != tid)
			return;
	} while (!zag_cas(word, &v, (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED));
	if (v & FUTEX_WAITERS)
		zag_raw(SYS_futex, word, FUTEX_WAKE, 1, 0, 0, 0);
}

void zag_tcb_owner_dies(void)
{
	enum { MOST = 2048 }; /* ROBUST_LIST_LIMIT: the list is the program's */
	char *self = zag_tcb_pthread_ptr(zag_arch_tp());
	struct robust_head *head =
		(struct robust_head *)(self + glibc.tid + 16);
	uint32_t tid = *(uint32_t *)(self + glibc.tid);
	uintptr_t at = head->first, next;

	for (int i = 0; i < MOST; i++) {
		if ((at & ~(uintptr_t)1) == (uintptr_t)head)
			break;
		next = *(uintptr_t *)(at & ~(uintptr_t)1);
		mark_dead(at, ROBUST_OFFSET, tid);
		at = next;
	}
	head->first = (uintptr_t)head;
}

void zag_tcb_set_unwind(__pthread_unwind_buf_t *buf)
{
	memset(buf->__pad, 0, sizeof(buf->__pad));
	FIELD(zag_arch_tp(), unwind, void *) = buf;
}

/* --- main --------------------------------------------------------------- */

void zag_arch_main_left(void);

/* setjmp's way of storing a code address. */
static uintptr_t mangle(uintptr_t p)
{
#if defined(__x86_64__)
	p ^= ZAG_TCB_AT(zag_arch_tp(), 0x30, uintptr_t);
	return p << 17 | p >> 47;
#else
	return p;
#endif
}

void zag_tcb_patch_main_unwind(void)
{
#if defined(__x86_64__)
	enum { JB_PC = 7 };
	__pthread_unwind_buf_t *buf = FIELD(zag_arch_tp(), unwind, void *);

	while (buf && buf->__pad[0]) /* priv.data.prev */
		buf = buf->__pad[0];
	if (buf)
		buf->__cancel_jmp_buf[0].__cancel_jmp_buf[JB_PC] =
			(long)mangle((uintptr_t)zag_arch_main_left);
#endif
}

void zag_tcb_rseq_off(void)
{
	void *tp = zag_arch_tp();

	if (!glibc.rseq_offset || !glibc.rseq_size || !*glibc.rseq_size)
		return;
#ifdef SYS_rseq
	zag_raw(SYS_rseq, (char *)tp + *glibc.rseq_offset, RSEQ_AREA, 1,
		RSEQ_SIG_X86);
#endif
	mark_rseq_off(tp);
}
