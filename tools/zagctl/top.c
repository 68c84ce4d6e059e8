/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl top: what has changed since the last look, again and again. */
#include "config.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbols.h"
#include "target.h"
#include "warn.h"
#include "zagctl.h"

enum { LOCKS = 4, ROWS = 20 /* without a screen */ };

struct view {
	struct target target;
	struct symbols *symbols;
	json_t *stat, *ps, *before_stat, *before; /* before: by id */
	double seconds; /* between the two looks; 0: there is one only */
};

/* --- looking ------------------------------------------------------------ */

static json_t *by_id(const json_t *ps)
{
	json_t *map = json_object(), *f;
	char key[24];
	size_t i;

	json_array_foreach(json_object_get(ps, "fibers"), i, f) {
		snprintf(key, sizeof(key), "%lu", number_of(f, "id"));
		json_object_set(map, key, f);
	}
	return map;
}

static int look(struct view *v)
{
	json_t *stat = NULL, *ps = NULL;
	int status = ask(&v->target, "stat", &stat);

	if (!status)
		status = ask(&v->target, "ps", &ps);
	if (status) {
		json_decref(stat);
		return status;
	}
	json_decref(v->before);
	json_decref(v->before_stat);
	v->before = v->ps ? by_id(v->ps) : NULL;
	v->before_stat = v->stat;
	json_decref(v->ps);
	v->stat = stat;
	v->ps = ps;
	v->seconds = v->before_stat ?
			     (double)(number_of(stat, "uptime_ns") -
				      number_of(v->before_stat, "uptime_ns")) /
				     1e9 :
			     0;
	return DONE;
}

/* How much a number of a fiber has risen a second; since it began, if this is
 * the first look at it. */
static double rate(const struct view *v, const json_t *f, const char *key)
{
	double age = (double)number_of(f, "age_ns") / 1e9;
	const json_t *old;
	char id[24];

	snprintf(id, sizeof(id), "%lu", number_of(f, "id"));
	old = json_object_get(v->before, id);
	if (old && v->seconds > 0)
		return ((double)number_of(f, key) -
			(double)number_of(old, key)) /
		       v->seconds;
	return age > 0 ? (double)number_of(f, key) / age : 0;
}

/* --- what is shown ------------------------------------------------------ */

static void put_head(FILE *out, const struct view *v)
{
	json_t *fibers = json_object_get(v->stat, "fibers"), *p, *old;
	char up[32];
	size_t i;

	fprintf(out, "%ld %s up %s, %lu fibers: %lu running, %lu ready, "
		"%lu parked, %lu native\n",
		v->target.pid, text_of(v->stat, "name"),
		in_time(up, number_of(v->stat, "uptime_ns")),
		number_of(v->stat, "live"), number_of(fibers, "running"),
		number_of(fibers, "ready"), number_of(fibers, "parked"),
		number_of(fibers, "native"));
	json_array_foreach(json_object_get(v->stat, "processors"), i, p) {
		double n = (double)number_of(p, "switches");
		double s = (double)number_of(v->stat, "uptime_ns") / 1e9;

		old = json_array_get(json_object_get(v->before_stat,
						     "processors"), i);
		if (old && v->seconds > 0) {
			n -= (double)number_of(old, "switches");
			s = v->seconds;
		}
		fprintf(out, "processor %zu: %-7s %9.0f switches/s, %lu "
			"queued, %lu steals, %lu handoffs\n",
			i, text_of(p, "status"), s > 0 ? n / s : 0,
			number_of(p, "queued"), number_of(p, "steals"),
			number_of(p, "handoffs"));
	}
}

static void put_locks(FILE *out, const struct view *v)
{
	json_t *counts = json_object(), *f, *n;
	const char *text;
	size_t i;
	int shown = 0;

	json_array_foreach(json_object_get(v->ps, "fibers"), i, f) {
		if (!json_object_get(f, "object") ||
		    !json_object_get(f, "owner"))
			continue;
		n = json_object_get(counts, text_of(f, "wait"));
		json_object_set_new(counts, text_of(f, "wait"),
				    json_integer(json_integer_value(n) + 1));
	}
	json_object_foreach(counts, text, n) {
		if (shown++ == LOCKS)
			break;
		fprintf(out, "lock: %s, %lld waiting\n", text,
			json_integer_value(n));
	}
	json_decref(counts);
}

struct row {
	json_t *fiber;
	double busy;
};

static int by_busy(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->busy != y->busy)
		return x->busy < y->busy ? 1 : -1;
	return number_of(x->fiber, "id") < number_of(y->fiber, "id") ? -1 : 1;
}

static void put_row(FILE *out, const struct view *v, const struct row *r,
		    const json_t *cycles)
{
	uintptr_t start = address_of(r->fiber, "start");
	char time[32], warn[64];

	fprintf(out, "%7lu %-8s %5.1f %9.0f %7s %-15s %-15s %-6s %s\n",
		number_of(r->fiber, "id"), text_of(r->fiber, "state"),
		r->busy / 1e7, rate(v, r->fiber, "switches"),
		in_time(time, number_of(r->fiber, "for_ns")),
		text_of(r->fiber, "name"),
		start ? symbol_name(v->symbols, start, false) : "main",
		warnings(warn, v->target.pid, r->fiber, cycles),
		text_of(r->fiber, "wait"));
}

static void put_rows(FILE *out, const struct view *v, size_t most)
{
	json_t *fibers = json_object_get(v->ps, "fibers"), *f;
	json_t *cycles = find_cycles(fibers);
	size_t n = json_array_size(fibers), i;
	struct row *rows = calloc(n + 1, sizeof(*rows));

	fprintf(out, "\n%7s %-8s %5s %9s %7s %-15s %-15s %-6s %s\n", "ID",
		"STATE", "%BUSY", "SWITCH/S", "FOR", "NAME", "START", "WARN",
		"WAIT");
	if (rows) {
		json_array_foreach(fibers, i, f)
			rows[i] = (struct row){ f, rate(v, f, "busy_ns") };
		qsort(rows, n, sizeof(*rows), by_busy);
		for (i = 0; i < n && i < most; i++)
			put_row(out, v, &rows[i], cycles);
	}
	free(rows);
	json_decref(cycles);
}

static char *compose(const struct view *v, size_t rows)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_head(out, v);
	put_locks(out, v);
	put_rows(out, v, rows);
	fclose(out);
	return text;
}

/* --- how ---------------------------------------------------------------- */

static int run_batch(const struct options *o, struct view *v)
{
	long times = o->times;
	int status;

	do {
		char *text;

		status = look(v);
		if (status)
			break;
		text = compose(v, ROWS);
		if (text)
			printf("%s\n", text);
		free(text);
		fflush(stdout);
		if (times != 1)
			usleep((useconds_t)((o->seconds ? o->seconds : 1) *
					    1e6));
	} while (!times || --times);
	return status;
}

static void show(const char *text)
{
	int y = 0;

	erase();
	while (*text && y < LINES) {
		size_t n = strcspn(text, "\n");

		if (!strncmp(text, "     ID ", 8))
			attron(A_REVERSE);
		mvaddnstr(y++, 0, text, n < (size_t)COLS ? (int)n : COLS);
		attroff(A_REVERSE);
		text += n;
		text += *text == '\n';
	}
	refresh();
}

static int run_screen(const struct options *o, struct view *v)
{
	long times = o->times;
	int status = DONE, key = 0;

	setlocale(LC_CTYPE, "");
	if (!newterm(NULL, stdout, stdin))
		return complain(FAILED, "this terminal is not known; see -b");
	cbreak();
	noecho();
	curs_set(0);
	timeout((int)((o->seconds ? o->seconds : 1) * 1000));
	while (key != 'q') {
		char *text;

		status = look(v);
		if (status)
			break;
		text = compose(v, (size_t)LINES);
		if (text)
			show(text);
		free(text);
		if (times && !--times)
			break;
		key = getch();
	}
	endwin();
	return status;
}

int run_top(const struct options *o)
{
	struct view v = { .seconds = 0 };
	int status = find_target(o->argc ? o->argv[0] : NULL, &v.target);

	if (status)
		return status;
	status = look(&v);
	if (status)
		return status;
	if (!v.target.pid)
		v.target.pid = (long)number_of(v.stat, "pid");
	v.symbols = symbols_of(v.target.pid);
	if (!o->batch && !isatty(STDOUT_FILENO))
		status = complain(USAGE, "no terminal; use -b");
	else
		status = o->batch ? run_batch(o, &v) : run_screen(o, &v);
	symbols_free(v.symbols);
	json_decref(v.before);
	json_decref(v.before_stat);
	json_decref(v.ps);
	json_decref(v.stat);
	return status;
}
