/* SPDX-License-Identifier: BSD-2-Clause */
/* fanout: its command line. */
#include "fanout.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *must(void *p)
{
	if (p)
		return p;
	fputs("fanout: no memory\n", stderr);
	exit(2);
}

static void add_command(struct options *opt, const char *text)
{
	size_t n = (size_t)opt->count + 1;

	opt->commands =
		must(realloc(opt->commands, n * sizeof(struct command)));
	opt->commands[n - 1] = (struct command){ .text = must(strdup(text)),
						 .number = (int)n };
	opt->count = (int)n;
}

static void read_commands(struct options *opt, const char *file)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "re") : stdin;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (!f) {
		fprintf(stderr, "fanout: %s: %s\n", file, strerror(errno));
		exit(2);
	}
	while ((n = getline(&line, &size, f)) > 0) {
		line[n - (line[n - 1] == '\n')] = '\0';
		if (*line)
			add_command(opt, line);
	}
	free(line);
	if (f != stdin)
		fclose(f);
}

static int64_t time_of(const char *text, struct argp_state *state)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 },
		      { "s", 1e9 },
		      { "ms", 1e6 },
		      { "us", 1e3 },
		      { "m", 6e10 } };
	char *unit;
	double n = strtod(text, &unit);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (unit != text && n >= 0 && n < 1e6 &&
		    !strcmp(unit, units[i].name))
			return (int64_t)(n * units[i].ns);
	argp_error(state, "%s is no time, as 1.5s or 200ms are", text);
	return 0;
}

static int number_of(const char *text, int least, struct argp_state *state)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < least || n > 1000000)
		argp_error(state, "%s is no number that is possible", text);
	return (int)n;
}

static const struct argp_option options[] = {
	{ "jobs", 'j', "N", 0, "at most so many at once (8)", 0 },
	{ "file", 'f', "FILE", 0,
	  "commands from there, one a line; -: standard input", 0 },
	{ "stall", 's', "TIME", 0,
	  "end a command that writes nothing for so long", 0 },
	{ "retries", 'r', "N", 0, "run what fails or stalls again, so often",
	  0 },
	{ "backoff", 'b', "TIME", 0, "before that, doubled each time (1s)", 0 },
	{ "grace", 'g', "TIME", 0, "between SIGTERM and SIGKILL (5s)", 0 },
	{ "fail-fast", 'F', NULL, 0, "the first that fails cancels all", 0 },
	{ "stamp", 't', NULL, 0, "the time (CLOCK_MONOTONIC) before each line",
	  0 },
	{ "log", 'l', "FILE", 0,
	  "number, attempt, times in ns, outcome of each run", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'j':
		opt->jobs = (unsigned)number_of(arg, 1, state);
		break;
	case 'f':
		opt->file = arg;
		break;
	case 's':
		opt->stall = time_of(arg, state);
		break;
	case 'r':
		opt->retries = number_of(arg, 0, state);
		break;
	case 'b':
		opt->backoff = time_of(arg, state);
		break;
	case 'g':
		opt->grace = time_of(arg, state);
		break;
	case 'F':
		opt->fail_fast = true;
		break;
	case 't':
		opt->stamp = true;
		break;
	case 'l':
		opt->log = fopen(arg, "we");
		if (!opt->log)
			argp_failure(state, 2, errno, "%s", arg);
		break;
	case ARGP_KEY_ARG:
		add_command(opt, arg);
		break;
	case ARGP_KEY_END:
		if (!opt->count || opt->file)
			read_commands(opt, opt->file ? opt->file : "-");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void parse_options(int argc, char **argv, struct options *opt)
{
	static const struct argp argp = {
		options,
		parse,
		"[COMMAND...]",
		"Runs each COMMAND by sh -c, some at a time, and prints what "
		"they write with their numbers.\v"
		"SIGINT or SIGTERM cancels all; a second one kills.  The exit "
		"status is 0 if all succeeded, 1 if not, 128 + the signal.",
		NULL,
		NULL,
		NULL
	};

	*opt = (struct options){ .jobs = 8,
				 .grace = 5 * SECOND,
				 .backoff = SECOND };
	argp_parse(&argp, argc, argv, 0, NULL, opt);
}
