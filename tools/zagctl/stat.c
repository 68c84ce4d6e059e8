/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl stat: counters, for people; get and set. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/opt.h"
#include "table.h"
#include "target.h"

/* --- for people --------------------------------------------------------- */

enum { NAME, VALUE };

static const struct column columns[] = {
	[NAME] = { .name = "COUNTER" },
	[VALUE] = { "VALUE", .number = true },
};

static void row(struct table *t, const char *name, uint64_t value)
{
	char text[32];

	table_row(t);
	table_cell(t, NAME, name, 0);
	snprintf(text, sizeof(text), "%lu", value);
	table_cell(t, VALUE, text, (double)value);
}

static int print_table(const struct options *o, const json_t *stat)
{
	static const char *const counters[] = { "switches", "steals",
						"handoffs", "polls",
						"queued" };
	struct table *t = table_new(o, columns, 2);
	const char *key;
	json_t *v, *p;
	char name[64];
	size_t i;

	if (!t)
		return USAGE;
	json_object_foreach(json_object_get(stat, "fibers"), key, v) {
		snprintf(name, sizeof(name), "fibers.%s", key);
		row(t, name, (uint64_t)json_integer_value(v));
	}
	row(t, "fibers.live", number_of(stat, "live"));
	row(t, "fibers.created", number_of(stat, "created"));
	row(t, "queued", number_of(stat, "queued"));
	json_array_foreach(json_object_get(stat, "processors"), i, p) {
		for (int k = 0; k < 5; k++) {
			snprintf(name, sizeof(name), "processor.%zu.%s", i,
				 counters[k]);
			row(t, name, number_of(p, counters[k]));
		}
	}
	row(t, "stack.bytes", number_of(stat, "stack_bytes"));
	row(t, "uptime.ms", number_of(stat, "uptime_ns") / 1000000);
	return table_print(t);
}

static int print_once(const struct options *o)
{
	struct target t;
	json_t *stat;
	int status = ask_target(o->argc ? o->argv[0] : NULL, "stat", &t,
				&stat);

	if (status)
		return status;
	if (o->openmetrics)
		print_metrics(stdout, stat);
	else
		status = o->json ? print_json(stat) : print_table(o, stat);
	json_decref(stat);
	return status;
}

int run_stat(const struct options *o)
{
	long times = o->times ? o->times : o->seconds ? 0 : 1;
	int status;

	if (o->listen)
		return serve_metrics(o);
	status = print_once(o);
	while (status == DONE && --times) {
		fflush(stdout);
		usleep((useconds_t)((o->seconds ? o->seconds : 1) * 1e6));
		if (!o->json && !o->openmetrics)
			putchar('\n');
		status = print_once(o);
	}
	return status;
}

/* --- get, set ----------------------------------------------------------- */

/* One word is the option's name if that is what it looks like. */
static void words(const struct options *o, bool (*is_option)(const char *),
		  const char **target, const char **option)
{
	*target = *option = NULL;
	if (o->argc == 2) {
		*target = o->argv[0];
		*option = o->argv[1];
	} else if (o->argc == 1) {
		*(is_option(o->argv[0]) ? option : target) = o->argv[0];
	}
}

static bool is_assignment(const char *word)
{
	return strchr(word, '=') && !strchr(word, '/');
}

static bool is_option_name(const char *word)
{
	return zag_opt_find(word) != NULL;
}

static int print_options(const struct options *o, const json_t *answer,
			 bool one)
{
	const char *name;
	json_t *v;

	if (o->json)
		return print_json(answer);
	json_object_foreach(json_object_get(answer, "options"), name, v) {
		if (one)
			puts(json_string_value(v));
		else
			printf("%s=%s\n", name, json_string_value(v));
	}
	return DONE;
}

int run_get(const struct options *o)
{
	const char *target, *name;
	char request[256];
	json_t *answer;
	struct target t;
	int status;

	words(o, is_option_name, &target, &name);
	snprintf(request, sizeof(request), "get %s", name ? name : "");
	status = ask_target(target, request, &t, &answer);
	if (status)
		return status;
	status = print_options(o, answer, name != NULL);
	json_decref(answer);
	return status;
}

int run_set(const struct options *o)
{
	const char *target, *assignment;
	char request[480];
	json_t *answer;
	struct target t;
	int status;

	words(o, is_assignment, &target, &assignment);
	if (!assignment || !is_assignment(assignment))
		return complain(USAGE, "no NAME=VALUE; usage: zagctl set "
				       "[TARGET] NAME=VALUE");
	if (strpbrk(assignment, "\n\r"))
		return complain(USAGE, "a value is one line");
	snprintf(request, sizeof(request), "set %s", assignment);
	status = ask_target(target, request, &t, &answer);
	if (!status)
		json_decref(answer);
	return status;
}
