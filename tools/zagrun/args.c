/* SPDX-License-Identifier: BSD-2-Clause */
/* The option table as argp options, and one-line errors that suggest. */
#include "config.h"

#include "args.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

#define ROWS_MAX 32
#define TEXT_SIZE 192

const char *argp_program_version = PACKAGE_STRING;

/* Keys of the long options that have no letter. */
enum {
	KEY_ROW = 0x100, /* + index in zag_opt_table */
	KEY_CHECK = 0x200,
	KEY_FALLBACK,
	KEY_PRINT_LIB,
	KEY_PRINT_ENV,
	KEY_LIST_OPTIONS,
};

static const struct argp_option own_options[] = {
	{ "set", 'o', "NAME=VALUE", 0, "set any option by name", 1 },
	{ "fallback", KEY_FALLBACK, 0, 0,
	  "if COMMAND cannot be preloaded, warn and run it natively", 1 },
	{ "check", KEY_CHECK, 0, 0,
	  "say whether COMMAND can work and what to expect; run nothing", 2 },
	{ "list-options", KEY_LIST_OPTIONS, 0, 0,
	  "list all options, their defaults and ranges", 2 },
	{ "print-env", KEY_PRINT_ENV, 0, 0,
	  "print the environment that COMMAND would get from zagrun", 2 },
	{ "print-lib", KEY_PRINT_LIB, 0, 0,
	  "print the path of the library to preload", 2 },
};

#define OWN_COUNT (sizeof(own_options) / sizeof(own_options[0]))

/* argp's own, for the messages of ours. */
static const struct argp_option help_options[] = {
	{ "help", '?', 0, 0, 0, 0 },
	{ "usage", KEY_ROW - 1, 0, 0, 0, 0 },
	{ "version", 'V', 0, 0, 0, 0 },
};

#define HELP_COUNT (sizeof(help_options) / sizeof(help_options[0]))

static struct argp_option options[ROWS_MAX + OWN_COUNT + HELP_COUNT + 1];
static unsigned int option_count;
static char option_text[ROWS_MAX][TEXT_SIZE];
static bool given[ROWS_MAX];

void die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("zagrun: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static void add_option(const struct argp_option *op)
{
	options[option_count++] = *op;
}

/* "[FILE]": it may be left out. */
static const char *argument_of(const struct zag_opt_row *row)
{
	if (*row->arg != '[')
		return *row->arg ? row->arg : NULL;
	return strndup(row->arg + 1, strlen(row->arg) - 2);
}

static void build_options(void)
{
	char env[ZAG_OPT_STR_SIZE];
	unsigned int i;

	for (i = 0; i < zag_opt_count && i < ROWS_MAX; i++) {
		const struct zag_opt_row *row = &zag_opt_table[i];
		struct argp_option op = {
			.name = row->name,
			.key = row->key ? row->key : KEY_ROW + (int)i,
			.arg = argument_of(row),
			.flags = *row->arg == '[' ? OPTION_ARG_OPTIONAL : 0,
			.doc = option_text[i],
			.group = 1,
		};

		zag_opt_env_name(row, env);
		snprintf(option_text[i], TEXT_SIZE, "%s [%s]", row->doc, env);
		add_option(&op);
	}
	for (i = 0; i < OWN_COUNT; i++)
		add_option(&own_options[i]);
}

/* ---- wrong options -------------------------------------------------- */

/*
 * argp answers a wrong option with two lines and no suggestion, so the
 * options are looked through before argp sees them.
 */

static const struct argp_option *option_at(unsigned int i)
{
	return i < option_count ? &options[i] :
				  &help_options[i - option_count];
}

static const struct argp_option *short_option(char c)
{
	unsigned int i;

	for (i = 0; i < option_count + HELP_COUNT; i++)
		if (option_at(i)->key == c)
			return option_at(i);
	return NULL;
}

static _Noreturn void unknown_long(const char *name)
{
	unsigned int best = ~0U, i;
	const char *near = NULL;

	for (i = 0; i < option_count + HELP_COUNT; i++) {
		unsigned int d = zag_distance(name, option_at(i)->name);

		if (d < best) {
			best = d;
			near = option_at(i)->name;
		}
	}
	if (near && zag_distance_is_near(name, best))
		die(EXIT_ZAGRUN, "unknown option --%s; did you mean --%s?",
		    name, near);
	die(EXIT_ZAGRUN, "unknown option --%s; see zagrun --help", name);
}

/* An exact name, or the only one that begins so. */
static const struct argp_option *long_option(const char *name, size_t len)
{
	const struct argp_option *found = NULL, *other = NULL;
	unsigned int i;

	for (i = 0; i < option_count + HELP_COUNT; i++) {
		const struct argp_option *op = option_at(i);

		if (strncmp(op->name, name, len))
			continue;
		if (!op->name[len])
			return op;
		other = found;
		found = op;
	}
	if (other)
		die(EXIT_ZAGRUN, "--%.*s may mean --%s or --%s", (int)len,
		    name, other->name, found->name);
	return found;
}

/* The option in full: argp has hidden ones that an abbreviation may hit. */
static char *in_full(const struct argp_option *op, const char *value)
{
	char *word;

	if (asprintf(&word, "--%s%s", op->name, value) < 0)
		die(EXIT_ZAGRUN, "out of memory");
	return word;
}

/* Returns how many words of argv the option takes. */
static int check_long(char **arg, bool last)
{
	const char *word = *arg + 2;
	size_t len = strcspn(word, "=");
	const struct argp_option *op;
	char name[ZAG_OPT_STR_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	op = long_option(word, len);
	if (!op)
		unknown_long(name);
	if (op->arg && !word[len] && last &&
	    !(op->flags & OPTION_ARG_OPTIONAL))
		die(EXIT_ZAGRUN, "--%s needs a value: --%s=%s", op->name,
		    op->name, op->arg);
	if (!op->arg && word[len])
		die(EXIT_ZAGRUN, "--%s takes no value; leave out '%s'",
		    op->name, word + len);
	*arg = in_full(op, word + len);
	if (op->flags & OPTION_ARG_OPTIONAL)
		return 1;
	return op->arg && !word[len] ? 2 : 1;
}

static int check_short(const char *word, bool last)
{
	for (; *word; word++) {
		const struct argp_option *op = short_option(*word);

		if (!op)
			die(EXIT_ZAGRUN, "unknown option -%c; see zagrun "
			    "--help", *word);
		if (!op->arg)
			continue;
		if (word[1])
			return 1;
		if (last)
			die(EXIT_ZAGRUN, "-%c needs a value: -%c %s", *word,
			    *word, op->arg);
		return 2;
	}
	return 1;
}

static void check_options(int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1] &&
	       strcmp(argv[i], "--")) {
		if (argv[i][1] == '-')
			i += check_long(&argv[i], i + 1 == argc);
		else
			i += check_short(argv[i] + 1, i + 1 == argc);
	}
}

/* ---- right options -------------------------------------------------- */

static void set_row(const struct zag_opt_row *row, const char *value,
		    const char *spelling)
{
	char why[ZAG_OPT_TEXT_SIZE], env[ZAG_OPT_STR_SIZE];
	struct zag_opt scratch;

	if (zag_opt_parse(row, value, &scratch, why))
		die(EXIT_ZAGRUN, "%s%s=%s: %s", spelling, row->name, value,
		    why);
	zag_opt_env_name(row, env);
	if (setenv(env, value, 1))
		die(EXIT_ZAGRUN, "%s: out of memory", env);
	given[row - zag_opt_table] = true;
}

static void set_by_name(const char *setting)
{
	const struct zag_opt_row *row, *near;
	size_t len = strcspn(setting, "=");
	char name[ZAG_OPT_STR_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)len, setting);
	row = zag_opt_find(name);
	near = row ? NULL : zag_opt_nearest(name);
	if (near)
		die(EXIT_ZAGRUN, "--set %s: no such option; did you mean %s?",
		    name, near->name);
	if (!row)
		die(EXIT_ZAGRUN, "--set %s: no such option; see zagrun "
		    "--list-options", name);
	if (!setting[len] && row->type != ZAG_OPT_BOOL)
		die(EXIT_ZAGRUN, "--set %s needs a value: --set %s=%s", name,
		    name, row->arg);
	set_row(row, setting[len] ? setting + len + 1 : "1", "--set ");
}

static bool parse_row(int key, const char *arg)
{
	unsigned int i;

	for (i = 0; i < zag_opt_count && i < ROWS_MAX; i++) {
		const struct zag_opt_row *row = &zag_opt_table[i];

		if (key != (row->key ? row->key : KEY_ROW + (int)i))
			continue;
		set_row(row, arg ? arg : "1", "--");
		return true;
	}
	return false;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'o':
		set_by_name(arg);
		return 0;
	case KEY_FALLBACK:
		args->fallback = true;
		return 0;
	case KEY_CHECK:
		args->action = ACTION_CHECK;
		return 0;
	case KEY_LIST_OPTIONS:
		args->action = ACTION_LIST_OPTIONS;
		return 0;
	case KEY_PRINT_ENV:
		args->action = ACTION_PRINT_ENV;
		return 0;
	case KEY_PRINT_LIB:
		args->action = ACTION_PRINT_LIB;
		return 0;
	case ARGP_KEY_ARG:
		/* The first word that is no option: the rest is COMMAND's. */
		args->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	}
	return parse_row(key, arg) ? 0 : ARGP_ERR_UNKNOWN;
}

void args_parse(int argc, char **argv, struct args *args)
{
	struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "COMMAND [ARG...]",
		.doc = "Run COMMAND with each of its threads as a fiber.\v"
		       "Exit status: COMMAND's own; 125 if zagrun fails or "
		       "refuses, 126 if COMMAND is found but cannot be "
		       "executed, 127 if it is not found.  See zagrun(1).",
	};

	memset(args, 0, sizeof(*args));
	argp_err_exit_status = EXIT_ZAGRUN;
	build_options();
	check_options(argc, argv);
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, args);
	if (!args->command && args->action <= ACTION_CHECK)
		die(EXIT_ZAGRUN, "no COMMAND; usage: zagrun [OPTION...] "
		    "COMMAND [ARG...]");
}

const char *args_origin(const struct zag_opt_row *row)
{
	char env[ZAG_OPT_STR_SIZE];

	if (given[row - zag_opt_table])
		return "command line";
	zag_opt_env_name(row, env);
	return getenv(env) ? "environment" : "default";
}
