/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl ls: a row a process. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "target.h"
#include "warn.h"

enum { PID, NAME, UPTIME, PROCESSORS, FIBERS, RUNQ, WARN, COMMAND };

static const struct column columns[] = {
	[PID] = { "PID", .number = true },
	[NAME] = { .name = "NAME" },
	[UPTIME] = { "UPTIME", .number = true },
	[PROCESSORS] = { "PROCESSORS", .number = true },
	[FIBERS] = { "FIBERS", .number = true },
	[RUNQ] = { "RUNQ", .number = true },
	[WARN] = { .name = "WARN" },
	[COMMAND] = { "COMMAND", .fills = true },
};

/* As ps(1) shows it: words separated by spaces. */
static void command_line(long pid, char *text, size_t size)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, size - 1, f);
		fclose(f);
	}
	while (n && !text[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	text[n] = '\0';
}

static uint64_t queued(const json_t *stat)
{
	uint64_t n = number_of(stat, "queued");
	size_t i;
	json_t *p;

	json_array_foreach(json_object_get(stat, "processors"), i, p)
		n += number_of(p, "queued");
	return n;
}

/* All warnings that any fiber has. */
static void all_warnings(const struct target *t, char *text)
{
	static const char *const kinds[] = { "DEADLK", "STARVE", "HOG",
					     "BLOCK", "STACK" };
	bool has[5] = { false };
	json_t *ps = NULL, *f, *fibers, *cycles;
	char one[64];
	size_t i;

	*text = '\0';
	if (ask(t, "ps", &ps) != DONE)
		return;
	fibers = json_object_get(ps, "fibers");
	cycles = find_cycles(fibers);
	json_array_foreach(fibers, i, f) {
		warnings(one, t->pid, f, cycles);
		for (int k = 0; k < 5; k++)
			has[k] |= strstr(one, kinds[k]) != NULL;
	}
	for (int k = 0; k < 5; k++)
		if (has[k])
			sprintf(text + strlen(text), "%s%s", *text ? "," : "",
				kinds[k]);
	json_decref(cycles);
	json_decref(ps);
}

static void add_row(struct table *t, const struct target *target,
		    const json_t *stat)
{
	uint64_t uptime = number_of(stat, "uptime_ns");
	size_t processors = json_array_size(json_object_get(stat,
							    "processors"));
	char text[512];

	table_row(t);
	snprintf(text, sizeof(text), "%ld", target->pid);
	table_cell(t, PID, text, (double)target->pid);
	table_cell(t, NAME, text_of(stat, "name"), 0);
	table_cell(t, UPTIME, in_time(text, uptime), (double)uptime);
	snprintf(text, sizeof(text), "%zu", processors);
	table_cell(t, PROCESSORS, text, (double)processors);
	snprintf(text, sizeof(text), "%lu", number_of(stat, "live"));
	table_cell(t, FIBERS, text, (double)number_of(stat, "live"));
	snprintf(text, sizeof(text), "%lu", queued(stat));
	table_cell(t, RUNQ, text, (double)queued(stat));
	if (table_wants(t, WARN))
		all_warnings(target, text);
	table_cell(t, WARN, text, 0);
	command_line(target->pid, text, sizeof(text));
	table_cell(t, COMMAND, text, 0);
}

static json_t *as_json(const struct target *target, json_t *stat)
{
	char text[512];

	all_warnings(target, text);
	json_object_set_new(stat, "warn", json_string(text));
	command_line(target->pid, text, sizeof(text));
	json_object_set_new(stat, "command", json_string(text));
	return json_incref(stat);
}

int run_ls(const struct options *o)
{
	struct table *t = table_new(o, columns, COMMAND + 1);
	json_t *list = json_array(), *root, *stat;
	struct target *all;
	int status;
	size_t n;

	if (!t)
		return USAGE;
	all = find_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (ask(&all[i], "stat", &stat) != DONE)
			continue; /* said; and the others are there */
		add_row(t, &all[i], stat);
		if (o->json)
			json_array_append_new(list, as_json(&all[i], stat));
		json_decref(stat);
	}
	free(all);
	root = json_pack("{s:i,s:o}", "version", 1, "processes", list);
	status = o->json ? print_json(root) : n ? table_print(t) : DONE;
	json_decref(root);
	return status;
}
