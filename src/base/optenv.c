/* SPDX-License-Identifier: BSD-2-Clause */
/* Options by name, and from the environment. */
#include "config.h"

#include <string.h>
#include <sys/auxv.h>

#include "base/nearest.h"
#include "base/opt.h"

void zag_opt_env_name(const struct zag_opt_row *row, char *env)
{
	const char *s = row->name;
	char *p = env + 4;

	memcpy(env, "ZAG_", 4);
	for (; *s; s++)
		*p++ = *s == '-' ? '_' : (char)(*s - ('a' - 'A'));
	*p = '\0';
}

const struct zag_opt_row *zag_opt_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < zag_opt_count; i++)
		if (!strcmp(name, zag_opt_table[i].name))
			return &zag_opt_table[i];
	return NULL;
}

const struct zag_opt_row *zag_opt_nearest(const char *name)
{
	const struct zag_opt_row *row = NULL;
	unsigned int best = ~0U, i;

	for (i = 0; i < zag_opt_count; i++) {
		unsigned int d = zag_distance(name, zag_opt_table[i].name);

		if (d < best) {
			best = d;
			row = &zag_opt_table[i];
		}
	}
	return row && zag_distance_is_near(name, best) ? row : NULL;
}

/* ---- the environment ------------------------------------------------ */

static void warn_unknown(const char *entry, size_t len,
			 void (*warn)(const char *line))
{
	char line[ZAG_OPT_TEXT_SIZE], name[ZAG_OPT_STR_SIZE];
	char right[ZAG_OPT_STR_SIZE];
	const struct zag_opt_row *near;

	len = len < sizeof(name) ? len : sizeof(name) - 1;
	memcpy(name, entry, len);
	name[len] = '\0';
	near = zag_opt_nearest(name + 4);
	if (near)
		zag_opt_env_name(near, right);
	zag_format(line, sizeof(line), "%s: no such option; %s%s%s", name,
		   near ? "did you mean " : "zagrun --list-options shows ",
		   near ? right : "them all", near ? "?" : "");
	warn(line);
}

static void warn_bad(const char *entry, const struct zag_opt_row *row,
		     const char *why, void (*warn)(const char *line))
{
	char line[ZAG_OPT_TEXT_SIZE], text[ZAG_OPT_TEXT_SIZE], start[81];
	size_t len = strlen(entry);

	/* A long value must not push out what is wrong with it. */
	zag_format(start, sizeof(start), "%s", entry);
	zag_opt_format(row, &zag_opt_default, text);
	zag_format(line, sizeof(line), "%s%s: %s (the default holds%s%s)",
		   start, len < sizeof(start) ? "" : "...", why,
		   *text ? ": " : "", text);
	warn(line);
}

/* The row that this environment entry sets, or NULL; *value is its text. */
static const struct zag_opt_row *row_of_entry(const char *entry,
					      const char **value)
{
	char env[ZAG_OPT_STR_SIZE];
	unsigned int i;
	size_t n;

	for (i = 0; i < zag_opt_count; i++) {
		zag_opt_env_name(&zag_opt_table[i], env);
		n = strlen(env);
		if (!strncmp(entry, env, n) && entry[n] == '=') {
			*value = entry + n + 1;
			return &zag_opt_table[i];
		}
	}
	return NULL;
}

static void load_entry(const char *entry, void (*warn)(const char *line))
{
	const struct zag_opt_row *row;
	char why[ZAG_OPT_TEXT_SIZE];
	const char *value;

	row = row_of_entry(entry, &value);
	if (!row) {
		if (warn)
			warn_unknown(entry, strcspn(entry, "="), warn);
		return;
	}
	if (zag_opt_parse(row, value, &zag_opt, why) && warn)
		warn_bad(entry, row, why, warn);
}

void zag_opt_load(char *const *envp, void (*warn)(const char *line))
{
	char *const *e;

	if (getauxval(AT_SECURE))
		return;
	for (e = envp; *e; e++)
		if (!strncmp(*e, "ZAG_", 4))
			load_entry(*e, NULL);
	if (zag_opt.quiet || !warn)
		return;
	for (e = envp; *e; e++)
		if (!strncmp(*e, "ZAG_", 4))
			load_entry(*e, warn);
}
