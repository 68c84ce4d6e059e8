/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's children, as /proc tells them: those that the program has
 * started by whatever call, and once they are adopted, what those leave behind.
 *
 * Context: the monitor.
 */
#ifndef ZAG_CTL_CHILDREN_H
#define ZAG_CTL_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

#include "wait/wait.h"

enum { ZAG_CHILDREN_NAMED = 20 };

struct zag_children {
	uint64_t *seen, *dead;	 /* a bit each process id; NULL: no memory */
	uint32_t told, killed;	 /* how many, each counted once */
	uint32_t living;	 /* at the last look */
	struct zag_child {
		uint32_t pid;
		char name[16];
	} named[ZAG_CHILDREN_NAMED]; /* the first of those that were killed */
};

/* Whether the kernel tells: /proc is there, and CONFIG_PROC_CHILDREN.  Any
 * thread. */
bool zag_children_visible(void);

/* From a zeroed one on: whoever has lost its parent among their descendants
 * becomes a child of ours. */
void zag_children_adopt(struct zag_children *c);

/* Send SIGTERM to each that has not had it yet; how many live. */
uint32_t zag_children_tell(struct zag_children *c);

/* SIGKILL to all, and to those that are found behind them, until there is no
 * child any more or it is too late.  Stops all other threads for good. */
void zag_children_kill(struct zag_children *c, zag_time until);

#endif
