/* SPDX-License-Identifier: BSD-2-Clause */
/* /etc/ld.so.cache, the loader's index of libraries. */
#ifndef ZAG_ZAGRUN_LDCACHE_H
#define ZAG_ZAGRUN_LDCACHE_H

#include <limits.h>
#include <stdbool.h>

/* The path the loader would load for that soname on this machine. */
bool ldcache_find(const char *soname, char path[PATH_MAX]);

#endif
