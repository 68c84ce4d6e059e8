/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of requests, and the short ones. */
#include "config.h"

#include "obs/answer.h"

#include <string.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/raw.h"
#include "obs/command.h"
#include "sched/clock.h"
#include "sched/sched.h"

/* --- get, set ----------------------------------------------------------- */

static void get_begin(struct zag_answer *a, char *name)
{
	char text[ZAG_OPT_TEXT_SIZE];
	struct zag_json *j = &a->json;
	bool found = !*name;

	for (unsigned i = 0; *name && i < zag_opt_count; i++)
		found |= !strcmp(name, zag_opt_table[i].name);
	if (!found) {
		zag_answer_refuse(a, "no such option", name);
		return;
	}
	zag_answer_accept(a);
	zag_json_open(j, "options", '{');
	for (unsigned i = 0; i < zag_opt_count; i++) {
		const struct zag_opt_row *row = &zag_opt_table[i];

		if (*name && strcmp(name, row->name))
			continue;
		zag_opt_format(row, &zag_opt, text);
		zag_json_str(j, row->name, text);
	}
	zag_json_close(j, '}');
	zag_answer_finish(a);
}

/* What is looked at once, when the process starts or its runtime boots. */
static bool is_fixed(const char *name)
{
	static const char *const fixed[] = {
		"processors", "name", "verbose", "quiet", "disable", "chaos",
		"control", "redirect", "report", "on-deadlock",
		"grace",
		"trace",
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!strcmp(name, fixed[i]))
			return true;
	return false;
}

static void apply(const struct zag_opt_row *row)
{
	if (!strcmp(row->name, "log"))
		zag_log_level = (int)zag_opt.log.level;
}

static void set_begin(struct zag_answer *a, char *assignment)
{
	static struct zag_opt try;
	char why[ZAG_OPT_TEXT_SIZE];
	char *value = strchr(assignment, '=');
	const struct zag_opt_row *row;

	if (!value) {
		zag_answer_refuse(a, "NAME=VALUE is wanted", assignment);
		return;
	}
	*value++ = '\0';
	row = zag_opt_find(assignment);
	if (!row) {
		zag_answer_refuse(a, "no such option", assignment);
	} else if (is_fixed(row->name)) {
		zag_answer_refuse(a, "cannot be changed any more", row->name);
	} else if (try = zag_opt, zag_opt_parse(row, value, &try, why)) {
		zag_answer_refuse(a, why, row->name);
	} else {
		zag_opt_parse(row, value, &zag_opt, why);
		apply(row);
		zag_answer_accept(a);
		zag_answer_finish(a);
	}
}

/* --- the table ---------------------------------------------------------- */

static const struct zag_command commands[] = {
	{ "stat", zag_command_stat, NULL, NULL },
	{ "ps", zag_command_ps, zag_command_ps_more, zag_command_ps_end },
	{ "bt", zag_command_bt, zag_command_bt_more, NULL },
	{ "cancel", zag_command_cancel, NULL, NULL },
	{ "hotspots", zag_command_hotspots, zag_command_hotspots_more,
	  zag_command_hotspots_end },
	{ "trace", zag_command_trace, zag_command_trace_more,
	  zag_command_trace_end },
	{ "get", get_begin, NULL, NULL },
	{ "set", set_begin, NULL, NULL },
};

static void start_piece(struct zag_answer *a)
{
	a->len = 0;
	a->json.at = a->buf;
	a->json.end = a->buf + ZAG_ANSWER_PIECE;
}

static void end_piece(struct zag_answer *a)
{
	a->len = (size_t)(a->json.at - a->buf);
}

static void put_line(struct zag_answer *a, const char *line)
{
	size_t n = strlen(line);

	memcpy(a->json.at, line, n);
	a->json.at += n;
}

void zag_answer_refuse(struct zag_answer *a, const char *why, const char *what)
{
	char line[512];

	zag_format(line, sizeof(line), "error: %s%s%s\n", what,
		   *what ? ": " : "", why);
	put_line(a, line);
	a->done = true;
}

void zag_answer_accept(struct zag_answer *a)
{
	struct zag_json *j = &a->json;

	put_line(a, "ok\n");
	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "version", 1);
	zag_json_uint(j, "pid", (uint64_t)zag_raw(SYS_getpid));
	zag_json_str(j, "name", zag_opt.name);
}

void zag_answer_finish(struct zag_answer *a)
{
	zag_json_close(&a->json, '}');
	put_line(a, "\n");
	a->done = true;
}

bool zag_answer_room(const struct zag_answer *a)
{
	return a->json.end - a->json.at > ZAG_ANSWER_ROW;
}

/* The request's first word ends where its argument begins. */
static char *split(char *request)
{
	char *p = strchr(request, ' ');

	if (!p)
		return request + strlen(request);
	*p++ = '\0';
	return p;
}

void zag_answer_begin(struct zag_answer *a, char *request)
{
	char *argument = split(request);
	char *buf = a->buf;

	*a = (struct zag_answer){ .buf = buf };
	zag_json_init(&a->json, buf, ZAG_ANSWER_PIECE);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(request, commands[i].name))
			a->command = &commands[i];
	if (a->command)
		a->command->begin(a, argument);
	else
		zag_answer_refuse(a, "no such request", request);
	if (!a->done && !a->command->more)
		zag_answer_finish(a);
	end_piece(a);
}

void zag_answer_more(struct zag_answer *a)
{
	start_piece(a);
	if (!a->done)
		a->command->more(a);
	end_piece(a);
}

void zag_answer_end(struct zag_answer *a)
{
	if (a->command && a->command->end)
		a->command->end(a);
	a->command = NULL;
}
