/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl trace and dump: much, into a file. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "zagctl.h"

static int write_file(const struct options *o, const json_t *value, int indent)
{
	FILE *f = o->columns ? fopen(o->columns, "we") : stdout;
	int bad;

	if (!f)
		return complain(FAILED, "%s: %s", o->columns, strerror(errno));
	bad = json_dumpf(value, f, indent ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', f);
	bad |= f == stdout ? fflush(f) : fclose(f);
	return bad ? complain(FAILED, "%s: cannot be written",
			      o->columns ? o->columns : "standard output") :
		     DONE;
}

int run_trace(const struct options *o)
{
	double seconds = o->seconds ? o->seconds : 1;
	char request[64];
	struct target t;
	json_t *answer;
	int status;

	if (!o->columns)
		return complain(USAGE, "no file; usage: zagctl trace [TARGET] "
				       "-o FILE [-d SEC]");
	snprintf(request, sizeof(request), "trace %.0f", seconds * 1000);
	patience_s = (int)seconds + 10;
	status = ask_target(o->argc ? o->argv[0] : NULL, request, &t, &answer);
	if (status)
		return status;
	status = write_file(o, answer, 0);
	json_decref(answer);
	return status;
}

/* All that it tells, for whoever looks into a bug. */
int run_dump(const struct options *o)
{
	static const char *const requests[] = { "stat", "ps", "bt", "get" };
	json_t *all = json_object(), *answer;
	struct target t;
	int status = find_target(o->argc ? o->argv[0] : NULL, &t);

	json_object_set_new(all, "version", json_integer(1));
	for (int i = 0; i < 4 && !status; i++) {
		status = ask(&t, requests[i], &answer);
		if (!status)
			json_object_set_new(all, requests[i], answer);
	}
	if (!status)
		status = write_file(o, all, 1);
	json_decref(all);
	return status;
}
