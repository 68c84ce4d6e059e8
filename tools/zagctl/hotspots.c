/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl hotspots, and the report at exit: where fibers wait. */
#include "config.h"

#include <string.h>

#include "symbols.h"
#include "table.h"
#include "target.h"

enum { CALL, COUNT, TYPICAL, WORST, TOTAL, SITE, LINE, COLUMNS };

static const struct column columns[COLUMNS] = {
	[CALL] = { .name = "CALL" },
	[COUNT] = { "COUNT", .number = true },
	[TYPICAL] = { "TYPICAL", .number = true },
	[WORST] = { "WORST", .number = true },
	[TOTAL] = { "TOTAL", .number = true },
	[SITE] = { .name = "SITE" },
	[LINE] = { .name = "LINE" },
};

static void put_time(struct table *t, int column, const json_t *h,
		     const char *key)
{
	char text[32];

	table_cell(t, column, in_time(text, number_of(h, key)),
		   (double)number_of(h, key));
}

static void add_row(struct table *t, struct symbols *s, const json_t *h)
{
	uintptr_t site = address_of(h, "site");
	const char *call = text_of(h, "call");
	char text[32];

	table_row(t);
	table_cell(t, CALL, *call ? call : text_of(h, "kind"), 0);
	snprintf(text, sizeof(text), "%lu", number_of(h, "count"));
	table_cell(t, COUNT, text, (double)number_of(h, "count"));
	put_time(t, TYPICAL, h, "typical_ns");
	put_time(t, WORST, h, "worst_ns");
	put_time(t, TOTAL, h, "total_ns");
	if (site) {
		table_cell(t, SITE, symbol_name(s, site, true), 0);
		table_cell(t, LINE, symbol_line(s, site), 0);
	} else {
		table_cell(t, SITE, text_of(h, "object"), 0);
	}
}

static void complete(struct symbols *s, json_t *h)
{
	uintptr_t site = address_of(h, "site");

	if (!site)
		return;
	json_object_set_new(h, "site_name",
			    json_string(symbol_name(s, site, true)));
	json_object_set_new(h, "site_line",
			    json_string(symbol_line(s, site)));
}

/* The greatest first. */
static json_t *sorted(const json_t *list)
{
	json_t *into = json_array(), *h;
	size_t i, k;

	json_array_foreach(list, i, h) {
		for (k = 0; k < json_array_size(into); k++)
			if (number_of(json_array_get(into, k), "total_ns") <
			    number_of(h, "total_ns"))
				break;
		json_array_insert(into, k, h);
	}
	return into;
}

static int print_list(const struct options *o, struct symbols *s, json_t *list)
{
	struct table *t = table_new(o, columns, COLUMNS);
	json_t *h;
	size_t i;

	if (!t)
		return USAGE;
	json_array_foreach(list, i, h)
		add_row(t, s, h);
	return table_print(t);
}

static void sort_in(json_t *answer, const char *key)
{
	json_object_set_new(answer, key,
			    sorted(json_object_get(answer, key)));
}

static int print_answer(const struct options *o, struct symbols *s,
			json_t *answer)
{
	json_t *places, *locks, *h;
	int status;
	size_t i;

	sort_in(answer, "hotspots");
	sort_in(answer, "locks");
	places = json_object_get(answer, "hotspots");
	locks = json_object_get(answer, "locks");
	if (o->json) {
		json_array_foreach(places, i, h)
			complete(s, h);
		return print_json(answer);
	}
	status = json_array_size(places) ? print_list(o, s, places) : DONE;
	if (!status && json_array_size(locks)) {
		puts("\nLocks:");
		status = print_list(o, s, locks);
	}
	return status;
}

int run_hotspots(const struct options *o)
{
	double seconds = o->seconds ? o->seconds : 1;
	struct symbols *s;
	char request[64];
	struct target t;
	json_t *answer;
	int status;

	snprintf(request, sizeof(request), "hotspots %.0f", seconds * 1000);
	patience_s = (int)seconds + 10;
	status = ask_target(o->argc ? o->argv[0] : NULL, request, &t, &answer);
	if (status)
		return status;
	s = symbols_of(t.pid);
	status = print_answer(o, s, answer);
	symbols_free(s);
	json_decref(answer);
	return status;
}

/* What the library runs at exit: its numbers are on standard input, and the
 * process is still there to be looked up in. */
int run_report(const struct options *o)
{
	json_t *report = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);
	struct symbols *s;
	char text[32];
	int status;

	if (!report)
		return complain(FAILED, "no report on standard input");
	s = symbols_of((long)number_of(report, "pid"));
	if (!o->json) {
		printf("zagshim report: process %lu%s%s, %s, %lu processors\n"
		       "fibers: %lu made, %lu at most at a time, %lu left\n"
		       "switches %lu, steals %lu, handoffs %lu, offloads %lu\n\n",
		       number_of(report, "pid"),
		       *text_of(report, "name") ? " " : "",
		       text_of(report, "name"),
		       in_time(text, number_of(report, "uptime_ns")),
		       number_of(report, "processors"),
		       number_of(report, "created"), number_of(report, "peak"),
		       number_of(report, "live"),
		       number_of(report, "switches"),
		       number_of(report, "steals"),
		       number_of(report, "handoffs"),
		       number_of(report, "offloads"));
	}
	status = print_answer(o, s, report);
	symbols_free(s);
	json_decref(report);
	return status;
}
