/* SPDX-License-Identifier: BSD-2-Clause */
/* glibc's thread control block: its fields found, TCBs made and made anew. */
#include "config.h"

#include "fiber/tcb.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/compiler.h"
#include "base/raw.h"
#include "fiber/tcb_glibc.h"

/* libc's descriptor of a field for debuggers: bits, elements, offset. */
struct field {
	uint32_t bits, count, offset;
};

union dtv { /* glibc's dtv_t */
	size_t counter;
	struct {
		void *val;
		void *to_free;
	} pointer;
};

enum {
	RSEQ_AREA = 32,
	RSEQ_CPU_UNREGISTERED = -2, /* RSEQ_CPU_ID_REGISTRATION_FAILED */
};

/* What the kernel's headers call RSEQ_SIG; libc has registered with it. */
#if defined(__x86_64__)
#define RSEQ_SIGNATURE 0x53053053u
#else
#define RSEQ_SIGNATURE 0xd428bc00u
#endif

struct zag_glibc zag_glibc;

int zag_tcb_tid_offset;

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

	if (!size || !get_field("_thread_db_pthread_tid", &zag_glibc.tid) ||
	    !get_field("_thread_db_pthread_dtvp", &zag_glibc.dtvp) ||
	    !get_field("_thread_db_pthread_list", &zag_glibc.list) ||
	    !get_field("_thread_db_pthread_specific", &zag_glibc.specific) ||
	    !get_field("_thread_db_pthread_start_routine",
		       &zag_glibc.start_routine) ||
	    !get_field("_thread_db_link_map_l_tls_offset",
		       &zag_glibc.tls_offset) ||
	    !get_field("_thread_db_pthread_cancelhandling",
		       &zag_glibc.cancelhandling))
		return "libc has no descriptors of struct pthread";
	zag_glibc.pthread_size = *size;
	return NULL;
}

static const char *find_functions(void)
{
	void (*info)(size_t *, size_t *);

	info = dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
	zag_glibc.allocate_tls = dlsym(RTLD_DEFAULT, "_dl_allocate_tls");
	zag_glibc.ctype_init = dlsym(RTLD_DEFAULT, "__ctype_init");
	zag_glibc.call_tls_dtors = dlsym(RTLD_DEFAULT, "__call_tls_dtors");
	zag_glibc.unwind_link =
		dlsym(RTLD_DEFAULT, "__libc_unwind_link_get");
	zag_glibc.keys = dlsym(RTLD_DEFAULT, "__pthread_keys");
	zag_glibc.pointer_guard = dlsym(RTLD_DEFAULT, "__pointer_chk_guard");
	zag_glibc.rseq_size = dlsym(RTLD_DEFAULT, "__rseq_size");
	zag_glibc.rseq_offset = dlsym(RTLD_DEFAULT, "__rseq_offset");
	if (!info || !zag_glibc.allocate_tls || !zag_glibc.ctype_init ||
	    !zag_glibc.call_tls_dtors || !zag_glibc.unwind_link ||
	    !zag_glibc.keys)
		return "libc lacks a private symbol it had in 2.36";
	info(&zag_glibc.static_size, &zag_glibc.align);
	return NULL;
}

/* __resp is a thread-local of libc: dlsym gives this thread's instance. */
static const char *find_resolver(void)
{
	char *resp = dlsym(RTLD_DEFAULT, "__resp");

	if (!resp)
		return "libc has no __resp";
	zag_glibc.resp = resp - (char *)zag_arch_tp();
	return NULL;
}

/* What must hold on any live thread if the descriptors mean what we think. */
static const char *check_thread(void)
{
	void *tp = zag_arch_tp();

	if (pthread_self() != zag_tcb_pthread(tp))
		return "pthread_self is not where it was expected";
	if (ZAG_TCB_FIELD(tp, tid, uint32_t) != (uint32_t)zag_raw(SYS_gettid))
		return "struct pthread's tid is not the thread's";
	return NULL;
}

const char *zag_tcb_start(void)
{
	const char *why = find_fields();

	if (why)
		return why;
#if defined(__x86_64__)
	zag_glibc.self = 0;
#else
	zag_glibc.self = -(ptrdiff_t)zag_glibc.pthread_size;
#endif
	why = check_thread();
	if (why)
		return why;
	zag_tcb_tid_offset = (int)(zag_glibc.self + zag_glibc.tid);
	zag_tcb_cancel_init();
	return NULL;
}

const char *zag_tcb_init(void)
{
	const char *why = zag_tcb_tid_offset ? NULL : zag_tcb_start();

	if (!why)
		why = find_functions();
	if (!why)
		why = find_resolver();
	if (!why)
		zag_tcb_find_cache();
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
	char *res = ZAG_TCB_AT(tp, zag_glibc.resp, char *);
	bool found;

	zag_glibc.res = res - (char *)tp;
	if (zag_glibc.res < zag_glibc.self ||
	    zag_glibc.res >= zag_glibc.self + (ptrdiff_t)zag_glibc.pthread_size)
		return "the resolver state is not in struct pthread";
	zag_glibc.unwind = zag_glibc.cancelhandling - sizeof(void *);
	__pthread_register_cancel(&buf);
	found = ZAG_TCB_FIELD(tp, unwind, void *) == &buf;
	__pthread_unregister_cancel(&buf);
	return found ? NULL : "cleanup_jmp_buf is not where it was expected";
}

void zag_tcb_probe_real(void)
{
	probe_result = check_thread();
	if (!probe_result)
		probe_result = probe();
	if (!probe_result)
		probe_result = zag_tcb_cancel_probe();
}

const char *zag_tcb_boot(void)
{
	return probe_result ? probe_result : zag_tcb_find_modules();
}

/* --- geometry ----------------------------------------------------------- */

#if defined(__x86_64__)
/* Static TLS grows down from tp, struct pthread begins at it. */
size_t zag_tcb_below(void)
{
	return zag_glibc.static_size - zag_glibc.pthread_size;
}

size_t zag_tcb_above(void)
{
	return zag_glibc.pthread_size;
}
#else
/* struct pthread ends at tp, static TLS grows up behind a 16-byte header. */
size_t zag_tcb_below(void)
{
	return zag_glibc.pthread_size;
}

size_t zag_tcb_above(void)
{
	return zag_glibc.static_size + 16;
}
#endif

size_t zag_tcb_align(void)
{
	return zag_max(zag_glibc.align, (size_t)64);
}

pthread_t zag_tcb_pthread(void *tp)
{
	return (pthread_t)zag_tcb_pthread_ptr(tp);
}

void *zag_tcb_tp(pthread_t t)
{
	return (char *)t - zag_glibc.self;
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
	/* The guards are variables of the loader's; multiple_threads is struct
	 * pthread's first word. */
	*(int *)zag_tcb_pthread_ptr(tp) = 1;
#endif
}

static bool has_rseq(void)
{
	return zag_glibc.rseq_offset && zag_glibc.rseq_size &&
	       *zag_glibc.rseq_size;
}

/* The area stays unregistered: cpu_id says so, and sched_getcpu asks the
 * vDSO.  A thread that libc makes does as its maker's says: also where main's
 * could not be registered (an old kernel, a tunable). */
static void mark_rseq_off(void *tp)
{
	if (zag_glibc.rseq_offset)
		ZAG_TCB_AT(tp, *zag_glibc.rseq_offset + 4, int32_t) =
			RSEQ_CPU_UNREGISTERED;
}

/* robust_prev and robust_head follow tid and another int, as __nptl_robust
 * lists need them: empty lists point at themselves. */
static void init_lists(void *tp)
{
	char *self = zag_tcb_pthread_ptr(tp);
	void **list = (void **)(self + zag_glibc.list);
	void **robust_prev = (void **)(self + zag_glibc.tid + 8);
	void **robust_head = robust_prev + 1;

	list[0] = list[1] = list;
	*robust_prev = robust_head;
	*robust_head = robust_head;
}

void zag_tcb_set_tid(void *tp, uint32_t tid)
{
	ZAG_TCB_FIELD(tp, tid, uint32_t) = tid;
}

bool zag_tcb_build(void *tp, uint32_t tid)
{
	/* specific_1stblock stands right before specific. */
	struct zag_tcb_key_data **blocks = zag_tcb_key_blocks(tp);
	struct zag_tcb_key_data *first = (struct zag_tcb_key_data *)blocks -
					 ZAG_TCB_KEYS_PER_BLOCK;

	copy_header(tp);
	if (!zag_glibc.allocate_tls(tp))
		return false;
	zag_tcb_set_tid(tp, tid);
	init_lists(tp);
	mark_rseq_off(tp);
	blocks[0] = first;
	ZAG_TCB_AT(tp, zag_glibc.resp, void *) = (char *)tp + zag_glibc.res;
	return true;
}

/* TLS of modules that were loaded later hangs off the DTV: let it go; it is
 * made anew where it is touched. */
static void free_dynamic(void *tp)
{
	union dtv *dtv = ZAG_TCB_FIELD(tp, dtvp, union dtv *);
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
	zag_tcb_restore_images(tp);
	ZAG_TCB_FIELD(tp, cancelhandling, int) = 0;
}

/* libc's own TLS is not restored when a slot is recycled: what a program can
 * see of it starts anew here. */
void zag_tcb_enter(void)
{
	uselocale(LC_GLOBAL_LOCALE);
	zag_glibc.ctype_init();
	h_errno = 0;
	errno = 0;
}

/* --- main --------------------------------------------------------------- */

void zag_tcb_rseq_off(void)
{
	void *tp = zag_arch_tp();

	if (!has_rseq())
		return;
#ifdef SYS_rseq
	zag_raw(SYS_rseq, (char *)tp + *zag_glibc.rseq_offset, RSEQ_AREA, 1,
		RSEQ_SIGNATURE);
#endif
	mark_rseq_off(tp);
}
