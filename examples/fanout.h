/* SPDX-License-Identifier: BSD-2-Clause */
/* fanout: what it is to run, and how. */
#ifndef EXAMPLES_FANOUT_H
#define EXAMPLES_FANOUT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SECOND INT64_C(1000000000)

enum outcome {
	NOT_STARTED,
	OK,
	FAILED,
	STALLED,
	CANCELLED,
	OUTCOMES
};

struct command {
	char *text;
	int number, attempts;
	enum outcome outcome;
	siginfo_t end; /* of its last attempt */
};

struct options {
	unsigned jobs;
	int retries;
	int64_t stall, grace, backoff; /* ns; stall 0: never */
	bool fail_fast, stamp;
	const char *file;
	FILE *log;
	struct command *commands;
	int count;
};

/* The command line; exits with a message if it is wrong. */
void parse_options(int argc, char **argv, struct options *opt);

/* p, unless it is NULL: then the end. */
void *must(void *p);

#endif
