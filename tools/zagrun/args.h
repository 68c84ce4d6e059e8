/* SPDX-License-Identifier: BSD-2-Clause */
/* zagrun's command line, read with argp. */
#ifndef ZAG_ZAGRUN_ARGS_H
#define ZAG_ZAGRUN_ARGS_H

#include <stdbool.h>

#include "base/opt.h"

/* zagrun's own failures, as env(1), nice(1) and the like have them. */
enum {
	EXIT_ZAGRUN = 125,
	EXIT_NOT_EXEC = 126,
	EXIT_NOT_FOUND = 127,
};

enum action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_PRINT_LIB,
	ACTION_PRINT_ENV,
	ACTION_LIST_OPTIONS,
};

struct args {
	enum action action;
	bool fallback;
	char **command; /* COMMAND [ARG...]; NULL-terminated */
};

/*
 * Reads the command line; options of the table go to the environment as
 * ZAG_*, those set here are remembered for args_origin.  Prints one line and
 * exits with 125 if something is wrong.
 */
void args_parse(int argc, char **argv, struct args *args);

/* Where the value of an option comes from, in words. */
const char *args_origin(const struct zag_opt_row *row);

/* Prints "zagrun: ..." on stderr and exits with that status. */
__attribute__((noreturn, format(printf, 2, 3)))
void die(int status, const char *fmt, ...);

#endif
