/* SPDX-License-Identifier: BSD-2-Clause */
/* Which file a command is, and which file runs it. */
#ifndef ZAG_ZAGRUN_COMMAND_H
#define ZAG_ZAGRUN_COMMAND_H

#include <limits.h>
#include <stdbool.h>

/* The kernel follows as many, then gives up with ELOOP. */
#define COMMAND_LEVELS 4

/*
 * Finds a command as execvp(3) would.  Returns 0 and the path, or -ENOENT,
 * -EACCES, -EISDIR, ...
 */
int command_find(const char *command, char path[PATH_MAX]);

struct script {
	char interp[PATH_MAX];	/* the file after #! */
	char command[PATH_MAX]; /* what env(1) is to run, or "" */
	bool clears_env;	/* by env -i or env -u LD_PRELOAD */
};

/* Reads the #! line of a file: 1, or 0 if it has none, or a negative errno. */
int command_script(const char *path, struct script *script);

#endif
