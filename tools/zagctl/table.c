/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables, by libsmartcols. */
#include "config.h"

#include "table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST = 32 };

struct table {
	struct libscols_table *table;
	struct libscols_line *line;
	struct libscols_column *by[MOST]; /* NULL: not shown */
	struct libscols_column *sort;
};

static int find(const struct column *columns, int n, const char *name,
		size_t length)
{
	for (int i = 0; i < n; i++)
		if (strlen(columns[i].name) == length &&
		    !strncasecmp(columns[i].name, name, length))
			return i;
	return -1;
}

static int by_key(struct libscols_cell *a, struct libscols_cell *b, void *data)
{
	const double *x = scols_cell_get_userdata(a);
	const double *y = scols_cell_get_userdata(b);
	const char *s = scols_cell_get_data(a), *t = scols_cell_get_data(b);

	(void)data;
	if (x && y && *x != *y)
		return *x > *y ? 1 : -1;
	return strcmp(s ? s : "", t ? t : "");
}

static void add_column(struct table *t, const struct column *columns, int i)
{
	int flags = columns[i].number ? SCOLS_FL_RIGHT : 0;

	if (t->by[i])
		return;
	if (columns[i].fills)
		flags |= SCOLS_FL_TRUNC;
	t->by[i] = scols_table_new_column(t->table, columns[i].name, 0, flags);
	if (t->by[i])
		scols_column_set_cmpfunc(t->by[i], by_key, NULL);
}

static bool add_chosen(struct table *t, const struct column *columns, int n,
		       const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		int i = find(columns, n, list, length);

		if (i < 0) {
			complain(USAGE, "%.*s: no such column", (int)length,
				 list);
			return false;
		}
		add_column(t, columns, i);
		list += length;
		list += *list == ',';
	}
	return true;
}

/* By a column that is not shown, too: it is there, and hidden. */
static bool set_sort(struct table *t, const struct column *columns, int n,
		     const char *name)
{
	int i = find(columns, n, name, strlen(name));

	if (i < 0) {
		complain(USAGE, "%s: no such column", name);
		return false;
	}
	if (!t->by[i]) {
		add_column(t, columns, i);
		if (t->by[i])
			scols_column_set_flags(t->by[i], SCOLS_FL_HIDDEN);
	}
	t->sort = t->by[i];
	return true;
}

struct table *table_new(const struct options *o, const struct column *columns,
			int n)
{
	struct table *t = calloc(1, sizeof(*t));

	scols_init_debug(0);
	if (!t || !(t->table = scols_new_table())) {
		free(t);
		complain(FAILED, "no memory");
		return NULL;
	}
	scols_table_enable_raw(t->table, o->raw);
	scols_table_enable_noheadings(t->table, o->no_headings);
	if (!o->columns)
		for (int i = 0; i < n; i++)
			if (!columns[i].hidden)
				add_column(t, columns, i);
	if ((o->columns && !add_chosen(t, columns, n, o->columns)) ||
	    (o->sort && !set_sort(t, columns, n, o->sort))) {
		scols_unref_table(t->table);
		free(t);
		return NULL;
	}
	return t;
}

void table_row(struct table *t)
{
	t->line = scols_table_new_line(t->table, NULL);
}

bool table_wants(const struct table *t, int column)
{
	return t->by[column] != NULL;
}

void table_cell(struct table *t, int column, const char *text, double key)
{
	struct libscols_cell *cell;
	double *copy;

	if (!t->by[column] || !t->line)
		return;
	scols_line_set_column_data(t->line, t->by[column], strdup(text));
	cell = scols_line_get_column_cell(t->line, t->by[column]);
	copy = malloc(sizeof(*copy));
	if (copy)
		*copy = key;
	scols_cell_set_userdata(cell, copy);
}

int table_print(struct table *t)
{
	int r;

	if (t->sort)
		scols_sort_table(t->table, t->sort);
	r = scols_print_table(t->table);
	scols_unref_table(t->table);
	free(t);
	return r ? complain(FAILED, "cannot print") : DONE;
}
