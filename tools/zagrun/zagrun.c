/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a command in place, its pthreads as fibers. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "base/opt.h"
#include "check.h"
#include "preflight.h"
#include "preload.h"

/* ---- --list-options, --print-env ------------------------------------ */

static const char *type_name(const struct zag_opt_row *row)
{
	static const char *const names[] = {
		[ZAG_OPT_BOOL] = "yes/no", [ZAG_OPT_UINT] = "number",
		[ZAG_OPT_SIZE] = "size",   [ZAG_OPT_TIME] = "time",
		[ZAG_OPT_STR] = "text",	   [ZAG_OPT_LOG] = "level",
		[ZAG_OPT_WORD] = "word",   [ZAG_OPT_FILE] = "file",
		[ZAG_OPT_GRACE] = "time",
	};

	return names[row->type];
}

/* A bound in its own spelling: 64g, not 68719476736. */
static const char *bound(const struct zag_opt_row *row, uint64_t value,
			 char text[ZAG_OPT_TEXT_SIZE])
{
	struct zag_opt scratch = { 0 };

	memcpy((char *)&scratch + row->offset, &value, sizeof(value));
	zag_opt_format(row, &scratch, text);
	return text;
}

static void print_row(const struct zag_opt_row *row)
{
	char env[ZAG_OPT_STR_SIZE], value[ZAG_OPT_TEXT_SIZE];
	char low[ZAG_OPT_TEXT_SIZE], high[ZAG_OPT_TEXT_SIZE];
	char range[2 * ZAG_OPT_TEXT_SIZE + 2] = "-";

	zag_opt_env_name(row, env);
	zag_opt_format(row, &zag_opt_default, value);
	if (row->type == ZAG_OPT_UINT || row->type == ZAG_OPT_SIZE ||
	    row->type == ZAG_OPT_TIME || row->type == ZAG_OPT_GRACE)
		snprintf(range, sizeof(range), "%s..%s",
			 bound(row, row->min, low), bound(row, row->max, high));
	printf("%-12s %-16s %-7s %-8s %-23s %s\n", row->name, env,
	       type_name(row), *value ? value : "-", range, row->doc);
}

static void list_options(void)
{
	unsigned int i;

	printf("%-12s %-16s %-7s %-8s %-23s %s\n", "NAME", "ENVIRONMENT",
	       "TYPE", "DEFAULT", "RANGE", "WHAT IT DOES");
	for (i = 0; i < zag_opt_count; i++)
		print_row(&zag_opt_table[i]);
}

/* NAME=VALUE, quoted for a shell where a shell would change it. */
static void print_setting(const char *name, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./:,+@%=";
	const char *s;

	printf("%s=", name);
	if (strspn(value, plain) == strlen(value)) {
		puts(value);
		return;
	}
	putchar('\'');
	for (s = value; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	}
	puts("'");
}

static void print_env(void)
{
	char env[ZAG_OPT_STR_SIZE];
	unsigned int i;

	print_setting("LD_PRELOAD", getenv("LD_PRELOAD"));
	for (i = 0; i < zag_opt_count; i++) {
		zag_opt_env_name(&zag_opt_table[i], env);
		if (getenv(env))
			print_setting(env, getenv(env));
	}
}

/* ---- running -------------------------------------------------------- */

static void warn_option(const char *line)
{
	fprintf(stderr, "zagrun: %s\n", line);
}

static void show_options(const struct library *lib)
{
	char value[ZAG_OPT_TEXT_SIZE];
	unsigned int i;

	fprintf(stderr, "zagrun: library %s\n", lib->preload);
	for (i = 0; i < zag_opt_count; i++) {
		const struct zag_opt_row *row = &zag_opt_table[i];

		zag_opt_format(row, &zag_opt, value);
		fprintf(stderr, "zagrun: %s = %s (%s)\n", row->name,
			*value ? value : "\"\"", args_origin(row));
	}
}

static void find_library(struct library *lib)
{
	preload_library(lib);
	if (access(lib->file, R_OK))
		die(EXIT_ZAGRUN, "%s: %s; build or install zagshim again",
		    lib->file, strerror(errno));
	if (strpbrk(lib->preload, ": \t\n"))
		die(EXIT_ZAGRUN, "%s: LD_PRELOAD cannot hold a path with a "
		    "space or a colon; install zagshim elsewhere",
		    lib->preload);
}

static void set_preload(const struct library *lib, const char *sanitizer)
{
	char *list = preload_compose(lib, sanitizer, getenv("LD_PRELOAD"));

	if (!list || setenv("LD_PRELOAD", list, 1))
		die(EXIT_ZAGRUN, "LD_PRELOAD: out of memory");
	free(list);
}

/* Returns true if the command is to run under zagshim. */
static bool pass_preflight(const struct args *args, struct preflight *pf)
{
	preflight(args->command[0], pf);
	switch (pf->verdict) {
	case PREFLIGHT_OK:
		return true;
	case PREFLIGHT_NOT_FOUND:
		die(EXIT_NOT_FOUND, "%s", pf->text);
	case PREFLIGHT_NOT_EXEC:
		die(EXIT_NOT_EXEC, "%s", pf->text);
	case PREFLIGHT_REFUSED:
		break;
	}
	if (!args->fallback || args->action == ACTION_CHECK)
		die(EXIT_ZAGRUN, "%s", pf->text);
	if (!zag_opt.quiet)
		fprintf(stderr, "zagrun: %s; running it natively\n", pf->text);
	return false;
}

static int run(char **command)
{
	int err;

	execvp(command[0], command);
	err = errno;
	die(err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC, "%s: %s",
	    command[0], strerror(err));
}

static int check(const struct preflight *pf)
{
	int err = check_report(pf);

	if (err)
		die(EXIT_ZAGRUN, "%s: %s", pf->program, strerror(-err));
	return 0;
}

static int finish_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		die(EXIT_ZAGRUN, "standard output: %s", strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	static struct preflight pf;
	static struct library lib;
	struct args args;

	args_parse(argc, argv, &args);
	/* Where no library is loaded that would warn, zagrun does. */
	zag_opt_load(environ, args.action == ACTION_RUN ? NULL : warn_option);
	if (args.action == ACTION_LIST_OPTIONS) {
		list_options();
		return finish_output();
	}
	if (args.action == ACTION_RUN && !pass_preflight(&args, &pf))
		return run(args.command);
	if (args.action == ACTION_CHECK) {
		pass_preflight(&args, &pf);
		check(&pf);
		return finish_output();
	}
	find_library(&lib);
	if (args.action == ACTION_PRINT_LIB) {
		puts(lib.preload);
		return finish_output();
	}
	set_preload(&lib, pf.sanitizer);
	if (zag_opt.verbose)
		show_options(&lib);
	if (args.action == ACTION_PRINT_ENV) {
		print_env();
		return finish_output();
	}
	return run(args.command);
}
