/* SPDX-License-Identifier: BSD-2-Clause */
/* A program and all libraries it names, found as the loader finds them. */
#ifndef ZAG_ZAGRUN_CLOSURE_H
#define ZAG_ZAGRUN_CLOSURE_H

#include <stdbool.h>
#include <stddef.h>

#include "image.h"

struct object {
	char *name;	      /* as DT_NEEDED names it; the program's path */
	char *path;	      /* NULL: not found */
	bool is_libc;	      /* glibc's own: its imports are its own affair */
	struct object *loader; /* who named it first; NULL for the program */
	struct object *next;  /* in the loader's order: breadth first */
	struct image image;
};

/*
 * Reads the program and, transitively, its libraries; runs nothing.  Returns
 * the program's object, or NULL and errno.
 */
struct object *closure_read(const char *program);
void closure_free(struct object *first);

#endif
