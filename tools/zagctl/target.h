/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding processes, and asking them. */
#ifndef ZAGCTL_TARGET_H
#define ZAGCTL_TARGET_H

#include <jansson.h>
#include <stddef.h>

/* How long to wait for an answer. */
extern int patience_s;

/* The socket of a process. */
struct target {
	long pid;
	char path[108];
};

/*
 * The process that is meant: by id, name or path; NULL: the only one there is.
 * 0, or NO_TARGET with a message.
 */
int find_target(const char *name, struct target *t);

/* All that there are; free it.  Files left behind by processes that are gone
 * are removed. */
struct target *find_all(size_t *n);

/* Ask for something; *answer is to be freed.  0, or FAILED, NO_ANSWER with a
 * message. */
int ask(const struct target *t, const char *request, json_t **answer);

/* Both: for commands whose first word may be the target. */
int ask_target(const char *name, const char *request, struct target *t,
	       json_t **answer);

#endif
