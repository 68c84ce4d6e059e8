/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl cancel: end fibers from outside. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "zagctl.h"

enum { REQUEST = 400 }; /* a request is a line of less than 512 */

static bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word) &&
	       strlen(word) < 20;
}

/* One request; adds to *missing those that were not there. */
static int send(const struct target *t, const char *request, int *missing)
{
	json_t *answer = NULL, *v;
	size_t i;
	int status = ask(t, request, &answer);

	if (status)
		return status;
	json_array_foreach(json_object_get(answer, "missing"), i, v) {
		complain(FAILED, "%lld: no such fiber", json_integer_value(v));
		++*missing;
	}
	json_decref(answer);
	return DONE;
}

int run_cancel(const struct options *o)
{
	const char *mode = o->mode ? o->mode : "error";
	char request[REQUEST + 32];
	struct target t;
	int missing = 0, status;

	if (o->argc < 2)
		return complain(USAGE, "no FIBER; usage: zagctl cancel TARGET "
				       "FIBER...");
	if (strcmp(mode, "error") && strcmp(mode, "unwind"))
		return complain(USAGE, "--mode=%s: use error or unwind", mode);
	for (int i = 1; i < o->argc; i++)
		if (!is_number(o->argv[i]))
			return complain(USAGE, "%s: no fiber's number",
					o->argv[i]);
	status = find_target(o->argv[0], &t);
	for (int i = 1; i < o->argc && !status;) {
		int n = sprintf(request, "cancel %s", mode);

		while (i < o->argc && n < REQUEST - 20)
			n += sprintf(request + n, " %s", o->argv[i++]);
		status = send(&t, request, &missing);
	}
	return status ? status : missing ? FAILED : DONE;
}
