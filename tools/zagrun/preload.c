/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the library without ever trusting the current directory. */
#include "config.h"

#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libzagshim.so"

/* What ld.so splits LD_PRELOAD at. */
#define SEPARATORS ": "

/*
 * An uninstalled zagrun has libtool's libzagshim.la beside it; an installed
 * one never has.
 */
static bool build_tree_library(char path[PATH_MAX])
{
	char exe[PATH_MAX - 32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	if (n <= 0)
		return false;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return false;
	*slash = '\0';
	snprintf(path, PATH_MAX, "%s/libzagshim.la", exe);
	if (access(path, F_OK))
		return false;
	snprintf(path, PATH_MAX, "%s/.libs/" LIBRARY, exe);
	return true;
}

void preload_library(struct library *lib)
{
	if (build_tree_library(lib->file)) {
		strcpy(lib->preload, lib->file);
		return;
	}
	snprintf(lib->file, sizeof(lib->file), "%s/" LIBRARY, PKGLIBDIR);
	snprintf(lib->preload, sizeof(lib->preload), "%s", ZAG_PRELOAD);
}

/* ---- LD_PRELOAD ----------------------------------------------------- */

/* Whether the last component of an entry is that name. */
static bool names(const char *entry, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len >= n && !memcmp(entry + len - n, name, n) &&
	       (len == n || entry[len - n - 1] == '/');
}

static const char *find_entry(const char *list, const char *name, size_t *len)
{
	while (*(list += strspn(list, SEPARATORS))) {
		*len = strcspn(list, SEPARATORS);
		if (names(list, *len, name))
			return list;
		list += *len;
	}
	return NULL;
}

static void append(char *to, const char *entry, size_t len)
{
	size_t end = strlen(to);

	if (end)
		to[end++] = ':';
	memcpy(to + end, entry, len);
	to[end + len] = '\0';
}

char *preload_compose(const struct library *lib, const char *sanitizer,
		      const char *existing)
{
	const char *entry, *p;
	size_t len;
	char *list;

	if (!existing)
		existing = "";
	list = calloc(1, strlen(existing) + strlen(sanitizer) +
				 strlen(lib->preload) + 3);
	if (!list)
		return NULL;
	if (*sanitizer) {
		/* Where the user named the runtime by path, that one. */
		entry = find_entry(existing, sanitizer, &len);
		append(list, entry ? entry : sanitizer,
		       entry ? len : strlen(sanitizer));
	}
	append(list, lib->preload, strlen(lib->preload));
	for (p = existing; *(p += strspn(p, SEPARATORS)); p += len) {
		len = strcspn(p, SEPARATORS);
		if (names(p, len, LIBRARY))
			continue;
		if (*sanitizer && names(p, len, sanitizer))
			continue;
		append(list, p, len);
	}
	return list;
}
