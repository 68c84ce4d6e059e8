/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl locks: what is waited for, who has it, who waits; cycles. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "target.h"
#include "warn.h"

enum { TYPE, ADDRESS, OWNER, WAITERS, LONGEST, WHO, COLUMNS };

static const struct column columns[COLUMNS] = {
	[TYPE] = { .name = "TYPE" },
	[ADDRESS] = { .name = "ADDRESS" },
	[OWNER] = { "OWNER", .number = true },
	[WAITERS] = { "WAITERS", .number = true },
	[LONGEST] = { "LONGEST", .number = true },
	[WHO] = { "FIBERS", .fills = true },
};

/* Objects by address, in the order of the first waiter. */
static json_t *collect(const json_t *fibers)
{
	json_t *objects = json_object(), *f, *lock, *waiters;
	size_t i;

	json_array_foreach(fibers, i, f) {
		const char *address = text_of(f, "object");
		uint64_t ns = number_of(f, "for_ns");

		if (!*address)
			continue;
		lock = json_object_get(objects, address);
		if (!lock) {
			lock = json_pack("{s:s,s:s,s:o,s:i}", "type",
					 text_of(f, "kind"), "address",
					 address, "waiters", json_array(),
					 "longest_ns", 0);
			json_object_set_new(objects, address, lock);
		}
		if (json_object_get(f, "owner"))
			json_object_set(lock, "owner",
					json_object_get(f, "owner"));
		else if (json_object_get(f, "owner_tid"))
			json_object_set(lock, "owner_tid",
					json_object_get(f, "owner_tid"));
		waiters = json_object_get(lock, "waiters");
		json_array_append(waiters, json_object_get(f, "id"));
		if (ns > number_of(lock, "longest_ns"))
			json_object_set_new(lock, "longest_ns",
					    json_integer((json_int_t)ns));
	}
	return objects;
}

/* Each cycle once, as the list of its fibers, from the lowest id on. */
static json_t *list_cycles(const json_t *fibers)
{
	json_t *in = find_cycles(fibers), *cycles = json_array(), *cycle, *f;
	char key[24];
	size_t i;

	json_array_foreach(fibers, i, f) {
		cycle = json_array();
		for (;;) {
			snprintf(key, sizeof(key), "%lu", number_of(f, "id"));
			if (!json_object_get(in, key))
				break;
			json_object_del(in, key);
			json_array_append(cycle, f);
			f = fiber_of(fibers, waits_for(f));
		}
		if (json_array_size(cycle))
			json_array_append(cycles, cycle);
		json_decref(cycle);
	}
	json_decref(in);
	return cycles;
}

static void add_row(struct table *t, const json_t *lock)
{
	json_t *waiters = json_object_get(lock, "waiters"), *id;
	uint64_t ns = number_of(lock, "longest_ns");
	char text[32], who[128] = "";
	size_t i, n = json_array_size(waiters);

	table_row(t);
	table_cell(t, TYPE, text_of(lock, "type"), 0);
	table_cell(t, ADDRESS, text_of(lock, "address"), 0);
	if (json_object_get(lock, "owner"))
		snprintf(text, sizeof(text), "%lu", number_of(lock, "owner"));
	else if (json_object_get(lock, "owner_tid"))
		snprintf(text, sizeof(text), "thread %lu",
			 number_of(lock, "owner_tid"));
	else
		strcpy(text, "-");
	table_cell(t, OWNER, text, (double)number_of(lock, "owner"));
	snprintf(text, sizeof(text), "%zu", n);
	table_cell(t, WAITERS, text, (double)n);
	table_cell(t, LONGEST, in_time(text, ns), (double)ns);
	json_array_foreach(waiters, i, id) {
		if (strlen(who) > sizeof(who) - 32) {
			strcat(who, " …");
			break;
		}
		sprintf(who + strlen(who), "%s%lld", *who ? " " : "",
			json_integer_value(id));
	}
	table_cell(t, WHO, who, 0);
}

static void print_cycle(const json_t *cycle)
{
	size_t i;
	json_t *f;

	puts("\nDeadlock:");
	json_array_foreach(cycle, i, f)
		printf("  fiber %lu (%s) waits for %s\n", number_of(f, "id"),
		       text_of(f, "name"), text_of(f, "wait"));
}

static int print_both(const struct options *o, json_t *locks, json_t *cycles)
{
	json_t *all = json_array(), *root, *v;
	const char *key;
	size_t i;
	int status;

	json_object_foreach(locks, key, v)
		json_array_append(all, v);
	root = json_pack("{s:i,s:o,s:O}", "version", 1, "locks", all, "cycles",
			 cycles);
	if (o->json) {
		status = print_json(root);
	} else {
		struct table *t = table_new(o, columns, COLUMNS);

		if (t)
			json_array_foreach(all, i, v)
				add_row(t, v);
		status = !t		     ? USAGE :
			 json_array_size(all) ? table_print(t) :
						DONE;
		if (!status)
			json_array_foreach(cycles, i, v)
				print_cycle(v);
	}
	json_decref(root);
	return status;
}

int run_locks(const struct options *o)
{
	json_t *ps = NULL, *locks, *cycles;
	struct target t;
	int status = ask_target(o->argc ? o->argv[0] : NULL, "ps", &t, &ps);

	if (status)
		return status;
	locks = collect(json_object_get(ps, "fibers"));
	cycles = list_cycles(json_object_get(ps, "fibers"));
	status = print_both(o, locks, cycles);
	json_decref(locks);
	json_decref(cycles);
	json_decref(ps);
	return status;
}
