/* SPDX-License-Identifier: BSD-2-Clause */
/* dlopen and dlclose: a module's static TLS comes to every fiber. */
#include "config.h"

#include "wrap/real.h"

#include <limits.h>
#include <link.h>
#include <string.h>

#include "base/log.h"
#include "base/page.h"
#include "base/raw.h"
#include "fiber/tcb.h"

/*
 * libc takes the run path to search from the module of its return address,
 * which is ours here.  So where the real caller has a run path and names no
 * directory, we walk that module's search list ourselves.
 */
static struct link_map *module_of(const void *caller)
{
	struct link_map *map = NULL;
	Dl_info info;

	if (!dladdr1(caller, &info, (void **)&map, RTLD_DL_LINKMAP))
		return NULL;
	return map;
}

static bool has_run_path(const struct link_map *map)
{
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
			return true;
	return false;
}

static Dl_serinfo *search_list(struct link_map *map)
{
	Dl_serinfo size, *list;

	if (dlinfo(map, RTLD_DI_SERINFOSIZE, &size))
		return NULL;
	list = zag_heap_realloc(NULL, (long)size.dls_size);
	if (list && (dlinfo(map, RTLD_DI_SERINFOSIZE, list) ||
		     dlinfo(map, RTLD_DI_SERINFO, list))) {
		zag_heap_realloc(list, 0);
		list = NULL;
	}
	return list;
}

static bool is_loaded(const char *file)
{
	void *lib = ZAG_REAL(dlopen)(file, RTLD_LAZY | RTLD_NOLOAD);

	if (lib)
		ZAG_REAL(dlclose)(lib);
	return lib != NULL;
}

/* The path of `file` in the caller's search list; NULL: libc's own search
 * finds the same. */
static const char *find_for(const void *caller, const char *file, char *path)
{
	struct link_map *map = module_of(caller);
	Dl_serinfo *list;
	const char *found = NULL;

	if (!map || !has_run_path(map) || is_loaded(file) ||
	    !(list = search_list(map)))
		return NULL;
	for (unsigned i = 0; i < list->dls_cnt && !found; i++) {
		size_t n = zag_format(path, PATH_MAX, "%s/%s",
				      list->dls_serpath[i].dls_name, file);

		if (n < PATH_MAX - 1 && !zag_raw(SYS_faccessat, AT_FDCWD, path,
						 R_OK))
			found = path;
	}
	zag_heap_realloc(list, 0);
	return found;
}

static void *load(const void *caller, Lmid_t ns, const char *file, int mode,
		  void *(*open)(Lmid_t ns, const char *file, int mode))
{
	char path[PATH_MAX];
	const char *found = NULL;
	void *lib;

	if (file && *file && !strchr(file, '/'))
		found = find_for(caller, file, path);
	lib = open(ns, found ? found : file, mode);
	if (lib && !(mode & RTLD_NOLOAD))
		zag_tcb_modules_changed();
	return lib;
}

static void *open_here(Lmid_t ns, const char *file, int mode)
{
	(void)ns;
	return ZAG_REAL(dlopen)(file, mode);
}

static void *open_there(Lmid_t ns, const char *file, int mode)
{
	return ZAG_REAL(dlmopen)(ns, file, mode);
}

ZAG_EXPORT void *dlopen(const char *file, int mode)
{
	return load(__builtin_return_address(0), 0, file, mode, open_here);
}

ZAG_EXPORT void *dlmopen(Lmid_t ns, const char *file, int mode)
{
	return load(__builtin_return_address(0), ns, file, mode, open_there);
}

ZAG_EXPORT int dlclose(void *lib)
{
	int r = ZAG_REAL(dlclose)(lib);

	zag_tcb_modules_changed();
	return r;
}
