/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a command can be preloaded, decided without running it. */
#ifndef ZAG_ZAGRUN_PREFLIGHT_H
#define ZAG_ZAGRUN_PREFLIGHT_H

#include <limits.h>

#define PREFLIGHT_TEXT_SIZE (3 * PATH_MAX)

enum preflight_verdict {
	PREFLIGHT_OK,
	PREFLIGHT_REFUSED,    /* it would run, but not as fibers */
	PREFLIGHT_NOT_EXEC,   /* found, cannot be executed */
	PREFLIGHT_NOT_FOUND,
};

struct preflight {
	enum preflight_verdict verdict;
	char path[PATH_MAX];	/* what the command is */
	char program[PATH_MAX]; /* what runs it: itself or its interpreter */
	char text[PREFLIGHT_TEXT_SIZE]; /* what, why, and what to do */
	char sanitizer[128];	/* the runtime that must load first, or "" */
};

void preflight(const char *command, struct preflight *pf);

#endif
