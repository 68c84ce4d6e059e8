/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl ps: a row a fiber. */
#include "config.h"

#include <string.h>

#include "symbols.h"
#include "table.h"
#include "target.h"
#include "warn.h"

enum {
	ID,
	STATE,
	WAIT,
	FOR,
	BUSY,
	SWITCHES,
	STACK,
	NAME,
	START,
	WARN,
	TID,
	AGE,
	READY,
	PARKED,
	SITE,
	LINE,
	COLUMNS,
};

static const struct column columns[COLUMNS] = {
	[ID] = { "ID", .number = true },
	[STATE] = { .name = "STATE" },
	[WAIT] = { .name = "WAIT" },
	[FOR] = { "FOR", .number = true },
	[BUSY] = { "BUSY", .number = true },
	[SWITCHES] = { "SWITCHES", .number = true },
	[STACK] = { "STACK", .number = true },
	[NAME] = { .name = "NAME" },
	[START] = { .name = "START" },
	[WARN] = { .name = "WARN" },
	[TID] = { "TID", .number = true, .hidden = true },
	[AGE] = { "AGE", .number = true, .hidden = true },
	[READY] = { "READY", .number = true, .hidden = true },
	[PARKED] = { "PARKED", .number = true, .hidden = true },
	[SITE] = { "SITE", .hidden = true },
	[LINE] = { "LINE", .hidden = true },
};

struct view {
	struct table *table;
	struct symbols *symbols;
	json_t *cycles;
	long pid;
};

static void put_number(struct table *t, int column, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", n);
	table_cell(t, column, text, (double)n);
}

static void put_time(struct table *t, int column, uint64_t ns)
{
	char text[32];

	table_cell(t, column, in_time(text, ns), (double)ns);
}

static const char *start_of(struct view *v, const json_t *f)
{
	uintptr_t start = address_of(f, "start");

	return start ? symbol_name(v->symbols, start, false) : "main";
}

static void add_row(struct view *v, const json_t *f)
{
	struct table *t = v->table;
	uint64_t used = number_of(f, "stack_used");
	uintptr_t site = address_of(f, "site");
	char text[64];

	table_row(t);
	put_number(t, ID, number_of(f, "id"));
	table_cell(t, STATE, text_of(f, "state"), 0);
	table_cell(t, WAIT, text_of(f, "wait"), 0);
	put_time(t, FOR, number_of(f, "for_ns"));
	put_time(t, BUSY, number_of(f, "busy_ns"));
	put_number(t, SWITCHES, number_of(f, "switches"));
	table_cell(t, STACK, in_bytes(text, used), (double)used);
	table_cell(t, NAME, text_of(f, "name"), 0);
	if (table_wants(t, START))
		table_cell(t, START, start_of(v, f), 0);
	if (table_wants(t, WARN))
		table_cell(t, WARN, warnings(text, v->pid, f, v->cycles), 0);
	put_number(t, TID, number_of(f, "tid"));
	put_time(t, AGE, number_of(f, "age_ns"));
	put_time(t, READY, number_of(f, "ready_ns"));
	put_time(t, PARKED, number_of(f, "parked_ns"));
	if (site && table_wants(t, SITE))
		table_cell(t, SITE, symbol_name(v->symbols, site, true), 0);
	if (site && table_wants(t, LINE))
		table_cell(t, LINE, symbol_line(v->symbols, site), 0);
}

/* What the process cannot know by itself. */
static void complete(struct view *v, json_t *f)
{
	uintptr_t site = address_of(f, "site");
	char text[64];

	json_object_set_new(f, "start_name", json_string(start_of(v, f)));
	json_object_set_new(f, "warn",
			    json_string(warnings(text, v->pid, f, v->cycles)));
	if (!site)
		return;
	json_object_set_new(f, "site_name",
			    json_string(symbol_name(v->symbols, site, true)));
	json_object_set_new(f, "site_line",
			    json_string(symbol_line(v->symbols, site)));
}

int run_ps(const struct options *o)
{
	struct view v = { .table = table_new(o, columns, COLUMNS) };
	json_t *ps = NULL, *fibers, *f;
	struct target t;
	int status;
	size_t i;

	if (!v.table)
		return USAGE;
	status = ask_target(o->argc ? o->argv[0] : NULL, "ps", &t, &ps);
	if (status)
		return status;
	fibers = json_object_get(ps, "fibers");
	v.pid = t.pid;
	v.symbols = symbols_of(t.pid);
	v.cycles = find_cycles(fibers);
	json_array_foreach(fibers, i, f) {
		if (o->json)
			complete(&v, f);
		else
			add_row(&v, f);
	}
	status = o->json ? print_json(ps) : table_print(v.table);
	json_decref(v.cycles);
	symbols_free(v.symbols);
	json_decref(ps);
	return status;
}
