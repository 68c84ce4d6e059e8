/* SPDX-License-Identifier: BSD-2-Clause */
/* Searches for libraries in the order that ld.so(8) documents. */
#include "config.h"

#include "closure.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldcache.h"

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#endif

#define DEFAULT_DIRS                                              \
	"/lib/" MULTIARCH ":/usr/lib/" MULTIARCH ":/lib64:/usr/lib64:" \
	"/lib:/usr/lib"

/* A token of a search path: its length and what it stands for. */
static size_t token(const char *s, const struct object *by, char *value)
{
	static const char *const spellings[] = { "$ORIGIN", "${ORIGIN}" };
	const char *slash;
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t n = strlen(spellings[i]);

		if (strncmp(s, spellings[i], n))
			continue;
		slash = strrchr(by->path, '/');
		snprintf(value, PATH_MAX, "%.*s",
			 slash ? (int)(slash - by->path) : 1,
			 slash ? by->path : ".");
		return n;
	}
	if (!strncmp(s, "$LIB", 4) || !strncmp(s, "${LIB}", 6)) {
		strcpy(value, "lib/" MULTIARCH);
		return s[1] == '{' ? 6 : 4;
	}
	return 0;
}

/* dir[0..n) with its tokens expanded, "/", and the name; false: too long. */
static bool join(char path[PATH_MAX], const char *dir, size_t n,
		 const char *name, const struct object *by)
{
	char value[PATH_MAX];
	size_t len = 0, i, t;

	for (i = 0; i < n; i += t) {
		t = dir[i] == '$' ? token(dir + i, by, value) : 0;
		if (!t) {
			value[0] = dir[i];
			value[1] = '\0';
			t = 1;
		}
		if (len + strlen(value) >= PATH_MAX)
			return false;
		strcpy(path + len, value);
		len += strlen(value);
	}
	return snprintf(path + len, PATH_MAX - len, "%s%s", *name ? "/" : "",
			name) < (int)(PATH_MAX - len);
}

static bool open_at(struct object *ob, const char *path)
{
	if (image_open(&ob->image, path))
		return false;
	if (!ob->image.ehdr) {
		image_close(&ob->image);
		return false;
	}
	ob->path = strdup(path);
	return ob->path != NULL;
}

/* Looks in the folders of a colon-separated list (";" too, as ld.so). */
static bool search(struct object *ob, const char *dirs,
		   const struct object *by)
{
	char path[PATH_MAX];

	for (; dirs; dirs = *dirs ? dirs + 1 : NULL) {
		size_t n = strcspn(dirs, ":;");

		if (n && join(path, dirs, n, ob->name, by) &&
		    open_at(ob, path))
			return true;
		dirs += n;
	}
	return false;
}

static bool search_rpath(struct object *ob)
{
	const struct object *by;

	if (image_string(&ob->loader->image, DT_RUNPATH, 0))
		return false;
	for (by = ob->loader; by; by = by->loader)
		if (!image_string(&by->image, DT_RUNPATH, 0) &&
		    search(ob, image_string(&by->image, DT_RPATH, 0), by))
			return true;
	return false;
}

static void find(struct object *ob)
{
	const struct object *by = ob->loader;
	char path[PATH_MAX];

	if (strchr(ob->name, '/')) {
		/* Names a file; its tokens are expanded all the same. */
		if (join(path, ob->name, strlen(ob->name), "", by))
			open_at(ob, path);
		return;
	}
	if (search_rpath(ob) || search(ob, getenv("LD_LIBRARY_PATH"), by) ||
	    search(ob, image_string(&by->image, DT_RUNPATH, 0), by))
		return;
	if (ldcache_find(ob->name, path) && open_at(ob, path))
		return;
	search(ob, DEFAULT_DIRS, by);
}

static bool is_libc(const char *name)
{
	static const char *const names[] = {
		"ld-linux",	   "libc.so.6",	  "libm.so.6",
		"libpthread.so.0", "libdl.so.2",  "librt.so.1",
		"libresolv.so.2",  "libutil.so.1", "libanl.so.1",
		"libmvec.so.1",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

static struct object *new_object(const char *name, struct object *loader)
{
	struct object *ob = calloc(1, sizeof(*ob));

	if (!ob)
		return NULL;
	ob->name = strdup(name);
	ob->loader = loader;
	ob->is_libc = is_libc(name);
	if (!ob->name) {
		free(ob);
		return NULL;
	}
	return ob;
}

/* Appends what one object names; the loader loads each name once. */
static int add_needed(struct object *first, struct object *by)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = image_string(&by->image, DT_NEEDED, i)); i++) {
		struct object *ob = first;

		while (strcmp(ob->name, name) && ob->next)
			ob = ob->next;
		if (!strcmp(ob->name, name))
			continue;
		ob->next = new_object(name, by);
		if (!ob->next)
			return -ENOMEM;
		find(ob->next);
	}
	return 0;
}

struct object *closure_read(const char *program)
{
	struct object *first = new_object(program, NULL);
	struct object *ob;

	if (!first)
		return NULL;
	if (!open_at(first, program)) {
		closure_free(first);
		errno = EACCES;
		return NULL;
	}
	for (ob = first; ob; ob = ob->next) {
		if (ob->path && add_needed(first, ob)) {
			closure_free(first);
			errno = ENOMEM;
			return NULL;
		}
	}
	return first;
}

void closure_free(struct object *first)
{
	while (first) {
		struct object *next = first->next;

		image_close(&first->image);
		free(first->name);
		free(first->path);
		free(first);
		first = next;
	}
}
