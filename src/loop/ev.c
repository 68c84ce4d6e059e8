/* SPDX-License-Identifier: BSD-2-Clause */
/* libev, loaded privately: see ev.h. */
#include "config.h"

#include "loop/ev.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/page.h"

struct zag_ev zag_ev;

/* A sanitizer's runtime refuses RTLD_DEEPBIND: it would miss libev's calls. */
static int deepbind(void)
{
	return dlsym(RTLD_DEFAULT, "__asan_init") ||
			       dlsym(RTLD_DEFAULT, "__tsan_init") ||
			       dlsym(RTLD_DEFAULT, "__msan_init") ?
		       0 :
		       RTLD_DEEPBIND;
}

static void *allocate(void *p, long size)
{
	return zag_heap_realloc(p, size);
}

static void system_error(const char *msg)
{
	zag_log(ZAG_LOG_ERROR, "libev: %s", msg);
	abort();
}

const char *zag_ev_load(void)
{
	/* The program's own libev: its loops have memory of its allocator. */
	bool shared = dlopen("libev.so.4", RTLD_NOW | RTLD_NOLOAD) != NULL;
	void *lib = dlopen("libev.so.4", RTLD_NOW | RTLD_LOCAL | deepbind());

	if (!lib)
		return "libev.so.4 cannot be loaded (Debian package libev4)";
#define X(name)                                       \
	zag_ev.name = dlsym(lib, #name);              \
	if (!zag_ev.name)                             \
		return "libev.so.4 lacks " #name;
	ZAG_EV_CALLS(X)
#undef X
	if (zag_ev.ev_version_major() != EV_VERSION_MAJOR)
		return "libev.so.4 is of another major version";
	if (!shared) {
		zag_ev.ev_set_allocator(allocate);
		zag_ev.ev_set_syserr_cb(system_error);
	}
	return NULL;
}
