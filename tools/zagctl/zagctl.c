/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl: look into a process whose threads are fibers. */
#include "config.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "zagctl.h"

static const struct command commands[] = {
	{ "ls", "", "the processes that can be looked into", 0, run_ls },
	{ "ps", "[TARGET]", "their fibers, a row each", 1, run_ps },
	{ "bt", "[TARGET] [FIBER|all]", "stacks, those that are alike once", 2,
	  run_bt },
	{ "locks", "[TARGET]", "what is contended; cycles", 1, run_locks },
	{ "hotspots", "[TARGET]", "where fibers wait, from now on", 1,
	  run_hotspots },
	{ "stat", "[TARGET]", "counters", 1, run_stat },
	{ "top", "[TARGET]", "what changes, live", 1, run_top },
	{ "trace", "[TARGET] -o FILE", "a timeline for ui.perfetto.dev", 1,
	  run_trace },
	{ "dump", "[TARGET] [-o FILE]", "all of it, for a bug report", 1,
	  run_dump },
	{ "cancel", "TARGET FIBER...", "end fibers from outside", 62,
	  run_cancel },
	{ "get", "[TARGET] [NAME]", "options", 2, run_get },
	{ "set", "[TARGET] NAME=VALUE", "change an option", 2, run_set },
};

/* What the library runs. */
static const struct command hidden[] = {
	{ "report-input", "", "", 0, run_report },
	{ "deadlock-input", "", "", 0, run_deadlock },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

enum { JSON = 256, OPENMETRICS, NO_HEADINGS, RAW, SORT, CORE, FRAMES, MODE,
       LISTEN };

static const struct argp_option table[] = {
	{ "json", JSON, NULL, 0, "print JSON", 0 },
	{ "openmetrics", OPENMETRICS, NULL, 0, "stat: print OpenMetrics", 0 },
	{ "listen", LISTEN, "PATH", 0,
	  "stat: serve OpenMetrics by HTTP on a Unix socket", 0 },
	{ "noheadings", NO_HEADINGS, NULL, 0, "no line of titles", 0 },
	{ "raw", RAW, NULL, 0, "columns separated by one space", 0 },
	{ "output", 'o', "COL,...|FILE", 0,
	  "which columns; trace, dump: into which file", 0 },
	{ "sort", SORT, "COL", 0, "sort by that column", 0 },
	{ "interval", 'i', "SEC", 0,
	  "stat, top: again and again; hotspots, trace: so long", 0 },
	{ "delay", 'd', NULL, OPTION_ALIAS, NULL, 0 },
	{ "batch", 'b', NULL, 0, "top: without a screen", 0 },
	{ "count", 'n', "N", 0, "stat, top: so many times", 0 },
	{ "core", CORE, "FILE", 0, "bt: of a core file", 0 },
	{ "mode", MODE, "error|unwind", 0, "cancel: how", 0 },
	{ "frames", FRAMES, NULL, 0, "bt: zagshim's own, too", 0 },
	{ 0 },
};

static const char *named;
static char *words[64];

int complain(int status, const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("zagctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

static void set_number(double *value, const char *text, struct argp_state *s)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || *end || !(*value > 0) || *value > 1e6)
		argp_error(s, "%s: a number above 0 is wanted", text);
}

static void set_word(struct options *o, char *word, struct argp_state *s)
{
	if (!named)
		named = word;
	else if (o->argc < (int)(sizeof(words) / sizeof(words[0])))
		words[o->argc++] = word;
	else
		argp_error(s, "too many words");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;
	double n;

	switch (key) {
	case JSON:
		o->json = true;
		break;
	case OPENMETRICS:
		o->openmetrics = true;
		break;
	case NO_HEADINGS:
		o->no_headings = true;
		break;
	case RAW:
		o->raw = true;
		break;
	case 'o':
		o->columns = arg;
		break;
	case SORT:
		o->sort = arg;
		break;
	case 'b':
		o->batch = true;
		break;
	case 'd':
	case 'i':
		set_number(&o->seconds, arg, state);
		break;
	case 'n':
		set_number(&n, arg, state);
		o->times = (long)n;
		break;
	case CORE:
		o->core = arg;
		break;
	case LISTEN:
		o->listen = arg;
		break;
	case MODE:
		o->mode = arg;
		break;
	case FRAMES:
		o->all_frames = true;
		break;
	case ARGP_KEY_ARG:
		set_word(o, arg, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The commands, in --help. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&list, &size);
	if (!f)
		return (char *)text;
	fputs("Commands:\n", f);
	for (int i = 0; i < N_COMMANDS; i++) {
		int width = fprintf(f, "  %s %s", commands[i].name,
				    commands[i].args);

		fprintf(f, "%*s%s\n", width < 30 ? 30 - width : 1, "",
			commands[i].doc);
	}
	fputs("\nTARGET is a process ID, a name given by zagrun --name, or the "
	      "path of a\nsocket; it may be left out where only one process "
	      "runs.\n", f);
	fclose(f);
	return list;
}

static const struct command *find(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	for (int i = 0; i < 2; i++)
		if (!strcmp(name, hidden[i].name))
			return &hidden[i];
	return NULL;
}

const char *argp_program_version = "zagctl (" PACKAGE_NAME
				   ") " PACKAGE_VERSION;

int main(int argc, char **argv)
{
	const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "COMMAND [ARG...]",
		.doc = "Look into processes whose threads are fibers of "
		       "zagshim.\v",
		.help_filter = list_commands,
	};
	struct options o = { .argv = words };
	const struct command *c;
	int status;

	argp_err_exit_status = USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (!named)
		return complain(USAGE, "no COMMAND; see zagctl --help");
	c = find(named);
	if (!c)
		return complain(USAGE, "%s: no such command; see zagctl --help",
				named);
	if (o.argc > c->most)
		return complain(USAGE, "too many words; usage: zagctl %s %s",
				c->name, c->args);
	status = c->run(&o);
	if (fclose(stdout) && status == DONE)
		return complain(FAILED, "standard output: %s", strerror(errno));
	return status;
}
