/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables as lsblk prints them: columns chosen, sorted, raw, as JSON. */
#ifndef ZAGCTL_TABLE_H
#define ZAGCTL_TABLE_H

#include <stdint.h>

#include "zagctl.h"

struct column {
	const char *name; /* as in the heading */
	bool number;	  /* set to the right */
	bool hidden;	  /* only if asked for by -o */
	bool fills;	  /* may be cut off at the end of the line */
};

struct table;

/* With the columns that o asks for, or all that are not hidden.  NULL: one of
 * them does not exist, and that was said. */
struct table *table_new(const struct options *o, const struct column *columns,
			int n);

/* A row, and its cells by the index of the column; key sorts them. */
void table_row(struct table *t);
void table_cell(struct table *t, int column, const char *text, double key);

/* Whether anybody will see that column: some are dear. */
bool table_wants(const struct table *t, int column);

/* Sort, print, free. */
int table_print(struct table *t);

#endif
