/* SPDX-License-Identifier: BSD-2-Clause */
/* "cancel error|unwind ID...": fibers cancelled from outside. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "ctl/cancel.h"
#include "obs/command.h"

/* Takes a number off; 0: there is none. */
static uint64_t next_number(char **at)
{
	uint64_t n = 0;

	while (**at == ' ')
		++*at;
	while (**at >= '0' && **at <= '9')
		n = n * 10 + (uint64_t)(*(*at)++ - '0');
	return n;
}

static bool next_mode(char **at, enum zag_cancel_mode *mode)
{
	static const char *const words[] = {
		[ZAG_CANCEL_UNWIND] = "unwind ",
		[ZAG_CANCEL_ERROR] = "error ",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (strncmp(*at, words[i], n))
			continue;
		*at += n;
		*mode = (enum zag_cancel_mode)i;
		return true;
	}
	return false;
}

static bool cancel(uint64_t id, enum zag_cancel_mode mode)
{
	struct zag_look l;

	return zag_look_find(id, &l) &&
	       zag_cancel_fiber((struct zag_fiber *)l.fiber, id, mode,
				ECANCELED) == 0;
}

void zag_command_cancel(struct zag_answer *a, char *argument)
{
	struct zag_json *j = &a->json;
	enum zag_cancel_mode mode;
	uint64_t missing[64], id;
	int n = 0;

	if (!next_mode(&argument, &mode)) {
		zag_answer_refuse(a, "error or unwind is wanted", "cancel");
		return;
	}
	zag_answer_accept(a);
	zag_json_open(j, "cancelled", '[');
	while ((id = next_number(&argument))) {
		if (cancel(id, mode))
			zag_json_uint(j, NULL, id);
		else if (n < 64)
			missing[n++] = id;
	}
	zag_json_close(j, ']');
	zag_json_open(j, "missing", '[');
	for (int i = 0; i < n; i++)
		zag_json_uint(j, NULL, missing[i]);
	zag_json_close(j, ']');
}
