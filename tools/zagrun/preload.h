/* SPDX-License-Identifier: BSD-2-Clause */
/* Where libzagshim.so is, and the LD_PRELOAD that names it. */
#ifndef ZAG_ZAGRUN_PRELOAD_H
#define ZAG_ZAGRUN_PRELOAD_H

#include <limits.h>
#include <stdbool.h>

struct library {
	char preload[PATH_MAX]; /* for LD_PRELOAD; may hold the token $LIB */
	char file[PATH_MAX];	/* the file itself */
};

/*
 * The library beside this zagrun: that of the build tree it was built in, or
 * the installed one.  The current directory is never looked at.
 */
void preload_library(struct library *lib);

/*
 * LD_PRELOAD with the library in front (a sanitizer's runtime before it) and
 * every existing entry kept, none twice.  NULL: out of memory.  The caller
 * frees it.
 */
char *preload_compose(const struct library *lib, const char *sanitizer,
		      const char *existing);

#endif
