/* SPDX-License-Identifier: BSD-2-Clause */
/* Running zagctl, which has libdw, to put names to what we print. */
#ifndef ZAG_OBS_HELPER_H
#define ZAG_OBS_HELPER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Have `zagctl COMMAND` print the document from text to end, to the descriptor
 * out (-1: standard error), as JSON if asked for.  It is no child that the
 * program could wait for or be told of.  False: it could not.  A native thread,
 * or the end of the process; blocks.
 */
bool zag_helper_print(const char *command, const char *text, const char *end,
		      int out, bool json);

/* The name of a file of this process: %p is its id, which a forked child has at
 * the end of its own in any case. */
void zag_helper_path(const char *given, char *path, size_t size);

/* The constructor: this process is no child of itself. */
void zag_helper_init(void);

/* All of it, to a descriptor. */
void zag_helper_write(int fd, const char *at, const char *end);

#endif
