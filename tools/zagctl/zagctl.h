/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of zagctl share. */
#ifndef ZAGCTL_H
#define ZAGCTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
	NO_TARGET = 3,
	NO_ANSWER = 4,
};

/* What the command line says. */
struct options {
	bool json, openmetrics, no_headings, raw, batch, all_frames;
	const char *columns; /* -o; for trace and dump, a file */
	const char *sort;
	const char *core;
	const char *mode; /* of cancel */
	const char *listen; /* of stat: a socket to serve OpenMetrics at */
	double seconds;	    /* -d or -i; 0: not given */
	long times;	    /* -n; 0: not given */
	int argc;	    /* words behind the command */
	char **argv;
};

struct command {
	const char *name, *args, *doc;
	int most; /* words it takes */
	int (*run)(const struct options *o);
};

/* A message "zagctl: …"; returns status. */
int complain(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int run_cancel(const struct options *o);
int run_ls(const struct options *o);
int run_ps(const struct options *o);
int run_bt(const struct options *o);
int run_locks(const struct options *o);
int run_hotspots(const struct options *o);
int run_report(const struct options *o);
int run_trace(const struct options *o);
int run_dump(const struct options *o);
int run_top(const struct options *o);
int run_deadlock(const struct options *o);
int run_stat(const struct options *o);
int run_get(const struct options *o);
int run_set(const struct options *o);

/* stat as OpenMetrics text; served at o->listen. */
void print_metrics(FILE *f, const json_t *stat);
int serve_metrics(const struct options *o);

/* Print as JSON; returns the status of the command. */
int print_json(const json_t *value);

/* Members of objects, with something harmless where there is none. */
uint64_t number_of(const json_t *object, const char *key);
const char *text_of(const json_t *object, const char *key);
uintptr_t address_of(const json_t *object, const char *key);

/* "1.2s", "35ms", "870us"; "8.0M"; text is at least 32 bytes. */
char *in_time(char *text, uint64_t ns);
char *in_bytes(char *text, uint64_t bytes);

#endif
