/* SPDX-License-Identifier: BSD-2-Clause */
/* Resolution of libc's own functions, and where these lead to ours. */
#include "wrap/libc.h"

#include <dlfcn.h>
#include <link.h>

#include "base/symtab.h"
#include "wrap/fd_own.h"
#include "wrap/real.h"
#include "wrap/standin.h"
#include "wrap/sync_libc.h"

/* The pointers, NULL unless an initialiser follows. */
#define ZAG_CALL_PARKS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_OFFLOADS(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_THREAD(name) __typeof__(name) *zag_real_##name;
#define ZAG_CALL_PASSES(name)
#define ZAG_CALL_UNSUPPORTED(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)
#include "base/calls.def"
#undef ZAG_CALL_PARKS
#undef ZAG_CALL_OFFLOADS
#undef ZAG_CALL_THREAD

#define INIT(name) __typeof__(name) *zag_real_##name = zag_standin_##name;
#define SAME(name, as) __typeof__(name) *zag_real_##name = zag_standin_##as;

ZAG_STAND_INS(INIT)
ZAG_STAND_INS_SHARED(SAME)

/*
 * These are no system calls, and no allocator calls them while it starts:
 * another library's constructor may (libselinux reads /proc/filesystems), so
 * they are looked up by whoever is first.
 */
typedef void *any_function __attribute__((may_alias));

static void resolve(const char *name, any_function *real)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found)
		*real = found;
}

#define FIND(name) zag_real_find(#name, (void **)&zag_real_##name);
#define LAZY(ret, name, params, ...)                                    \
	static ret lazy_##name params                                   \
	{                                                               \
		FIND(name)                                              \
		return zag_real_##name(__VA_ARGS__);                    \
	}                                                               \
	__typeof__(name) *zag_real_##name = lazy_##name;

LAZY(int, fclose, (FILE *f), f)
LAZY(FILE *, freopen, (const char *path, const char *mode, FILE *f), path, mode,
     f)
LAZY(FILE *, freopen64, (const char *path, const char *mode, FILE *f), path,
     mode, f)
LAZY(int, closedir, (DIR *dir), dir)
LAZY(int, __register_atfork,
     (void (*prepare)(void), void (*parent)(void), void (*child)(void),
      void *dso),
     prepare, parent, child, dso)
LAZY(void *, dlopen, (const char *file, int mode), file, mode)
LAZY(void *, dlmopen, (Lmid_t ns, const char *file, int mode), ns, file, mode)
LAZY(int, dlclose, (void *lib), lib)

/* glibc keeps the condition variables of 2002 under the old version, which is
 * the one plain dlsym may give. */
#if defined(__x86_64__)
#define COND_VERSION "GLIBC_2.3.2"
#else
#define COND_VERSION "GLIBC_2.17"
#endif

static void resolve_cond(const char *name, any_function *real)
{
	void *found = dlvsym(RTLD_NEXT, name, COND_VERSION);

	if (found)
		*real = found;
	else
		resolve(name, real);
}

static void resolve_call(const char *name, any_function *real)
{
	static const char cond[] = "pthread_cond_";

	for (size_t i = 0; i < sizeof(cond) - 1; i++)
		if (name[i] != cond[i]) {
			resolve(name, real);
			return;
		}
	resolve_cond(name, real);
}

/*
 * There are hundreds, and each program that is started would pay for them, with
 * a thread or without.  So the constructor finds only those with a stand-in,
 * whoever calls first finds one of the others, and booting the rest: in the
 * objects' own tables, which takes no lock of the loader's.
 */
static struct {
	int count; /* 0: the loader is to be asked */
	struct zag_symtab list[64];
} objects;

/* Those that the loader searches after this one. */
static void find_objects(void)
{
	struct link_map *map = _r_debug.r_map;
	int n = 0;

	while (map && map->l_ld != _DYNAMIC)
		map = map->l_next;
	while (map && (map = map->l_next) && n < 64)
		if (!zag_symtab_of(map, &objects.list[n++]))
			return;
	if (!map)
		objects.count = n;
}

void *zag_real_find(const char *name, void **real)
{
	uint32_t hash = zag_symtab_hash(name);
	const ElfW(Sym) *s = NULL;
	int i = 0;

	while (i < objects.count &&
	       !(s = zag_symtab_find(&objects.list[i], name, hash)))
		i++;
	if (s && ELF64_ST_TYPE(s->st_info) == STT_FUNC)
		*real = (void *)(objects.list[i].base + s->st_value);
	else
		resolve_call(name, (any_function *)real); /* an ifunc, say */
	return *real;
}

#undef INIT
#undef SAME
#define FIND_SAME(name, as) FIND(name)

void zag_real_init(void)
{
	find_objects();
	ZAG_STAND_INS(FIND)
	ZAG_STAND_INS_SHARED(FIND_SAME)
}

#define FIND_MISSING(name)      \
	if (!zag_real_##name) { \
		FIND(name)      \
	}
#define ZAG_CALL_PARKS(name) FIND_MISSING(name)
#define ZAG_CALL_OFFLOADS(name) FIND_MISSING(name)
#define ZAG_CALL_THREAD(name) FIND_MISSING(name)
#define ZAG_CALL(family, name, verdict, note) ZAG_CALL_##verdict(name)

void zag_real_find_all(void)
{
#include "base/calls.def"
}

/* --- redirected --------------------------------------------------------- */

#undef ZAG_CALL
#undef ZAG_JUMP
#undef ZAG_JUMP_TO
#define ZAG_JUMP(name) { #name, (void *)name },
#define ZAG_JUMP_TO(name, function) { #name, (void *)function },

const struct zag_real_jump zag_real_jumps[] = {
#include "base/calls.def"
};

const int zag_real_jump_count =
	sizeof(zag_real_jumps) / sizeof(zag_real_jumps[0]);

__typeof__(sigaction) *zag_real_libc_sigaction;

bool zag_real_use_calls(void)
{
	resolve("__libc_sigaction", (any_function *)&zag_real_libc_sigaction);
	if (!zag_real_libc_sigaction || !zag_real_posix_spawnp)
		return false;
#define ZAG_JUMP(name) zag_real_##name = zag_standin_##name;
#include "base/calls.def"
	return true;
}
