/* SPDX-License-Identifier: BSD-2-Clause */
/* Running zagctl, which has libdw, to put names to what we print. */
#ifndef ZAG_OBS_HELPER_H
#define ZAG_OBS_HELPER_H

#include <stdbool.h>

/*
 * Have `zagctl COMMAND` print the document from text to end, to the descriptor
 * out (-1: standard error), as JSON if asked for.  It is no child that the
 * program could wait for or be told of.  False: it could not.  A native thread,
 * or the end of the process; blocks.
 */
bool zag_helper_print(const char *command, const char *text, const char *end,
		      int out, bool json);

/* All of it, to a descriptor. */
void zag_helper_write(int fd, const char *at, const char *end);

#endif
