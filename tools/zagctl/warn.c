/* SPDX-License-Identifier: BSD-2-Clause */
/* Warnings, from what a process tells of its fibers. */
#include "config.h"

#include "warn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zagctl.h"

#define MS UINT64_C(1000000)

uint64_t waits_for(const json_t *fiber)
{
	/* One that ends by itself is no knot in a cycle. */
	if (json_object_get(fiber, "left_ns"))
		return 0;
	return number_of(fiber, "owner");
}

/* --- cycles ------------------------------------------------------------- */

struct graph {
	size_t n;
	struct node {
		uint64_t id, next;
		unsigned seen; /* in which walk; 0: not yet */
		json_t *fiber;
	} *nodes;
};

static int by_id(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct node *node_of(const struct graph *g, uint64_t id)
{
	struct node key = { .id = id };

	return id ? bsearch(&key, g->nodes, g->n, sizeof(key), by_id) : NULL;
}

static struct graph graph_of(const json_t *fibers)
{
	struct graph g = { json_array_size(fibers), NULL };

	g.nodes = calloc(g.n + 1, sizeof(*g.nodes));
	if (!g.nodes)
		g.n = 0;
	for (size_t i = 0; i < g.n; i++) {
		json_t *f = json_array_get(fibers, i);

		g.nodes[i] = (struct node){ number_of(f, "id"), waits_for(f),
					    0, f };
	}
	if (g.n)
		qsort(g.nodes, g.n, sizeof(*g.nodes), by_id);
	return g;
}

static void mark_cycle(const struct graph *g, struct node *first, json_t *into)
{
	struct node *n = first;
	char key[24];

	do {
		snprintf(key, sizeof(key), "%lu", n->id);
		json_object_set_new(into, key, json_true());
		n = node_of(g, n->next);
	} while (n && n != first);
}

/* Everybody waits for one at most, so each walk is a line: it ends, or meets
 * itself. */
json_t *find_cycles(const json_t *fibers)
{
	struct graph g = graph_of(fibers);
	json_t *cycles = json_object();

	for (size_t i = 0; i < g.n; i++) {
		unsigned walk = (unsigned)i + 1;
		struct node *n = &g.nodes[i];

		while (n && !n->seen) {
			n->seen = walk;
			n = node_of(&g, n->next);
		}
		if (n && n->seen == walk)
			mark_cycle(&g, n, cycles);
	}
	free(g.nodes);
	return cycles;
}

json_t *fiber_of(const json_t *fibers, uint64_t id)
{
	size_t i;
	json_t *f;

	json_array_foreach(fibers, i, f)
		if (number_of(f, "id") == id)
			return f;
	return NULL;
}

/* --- one fiber ---------------------------------------------------------- */

/* The state letter in the kernel's stat file; 0: it is not there. */
static char thread_state(long pid, uint64_t tid)
{
	char path[64], line[512], *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/task/%lu/stat", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return p && p[1] == ' ' ? p[2] : 0;
}

static void add(char *text, const char *word)
{
	if (*text)
		strcat(text, ",");
	strcat(text, word);
}

char *warnings(char *text, long pid, const json_t *fiber, const json_t *cycles)
{
	const char *state = text_of(fiber, "state");
	uint64_t ns = number_of(fiber, "for_ns");
	uint64_t thread = number_of(fiber, "thread");
	char id[24];

	*text = '\0';
	snprintf(id, sizeof(id), "%lu", number_of(fiber, "id"));
	if (json_object_get(cycles, id))
		add(text, "DEADLK");
	if (!strcmp(state, "ready") && ns > 100 * MS)
		add(text, "STARVE");
	if (thread && ns > 10 * MS)
		add(text, thread_state(pid, thread) == 'R' ? "HOG" : "BLOCK");
	if (number_of(fiber, "stack_used") * 5 >
	    number_of(fiber, "stack_size") * 4)
		add(text, "STACK");
	return text;
}
