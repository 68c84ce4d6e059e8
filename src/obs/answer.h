/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control socket is asked for and answers: one request, a line; the
 * answer is a line, "ok" or "error: …", and JSON, made piece by piece so that
 * a long one keeps the monitor from its work for a moment at a time only.
 *
 * Context: the monitor.
 */
#ifndef ZAG_OBS_ANSWER_H
#define ZAG_OBS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "obs/describe.h"
#include "obs/json.h"
#include "obs/look.h"
#include "obs/trace.h"

enum {
	ZAG_PROTOCOL = 1,
	ZAG_ANSWER_PIECE = 128 * 1024, /* bytes made at a time, at most */
	ZAG_ANSWER_ROW = 8 * 1024,     /* no row is longer */
};

struct zag_command;

struct zag_answer {
	char *buf; /* ZAG_ANSWER_PIECE bytes, the caller's */
	size_t len;
	bool done;

	/* The command's own. */
	const struct zag_command *command;
	struct zag_json json;
	struct zag_look_cursor cursor;
	struct zag_owners owners;
	bool recording; /* hot spots, until … */
	int64_t until;
	uint64_t from; /* a timeline's beginning, ticks */
	struct zag_trace_cursor trace;
	unsigned long only; /* id of a fiber, 0: all */
};

/* Begin to answer a request; the first piece may be in buf already. */
void zag_answer_begin(struct zag_answer *a, char *request);

/* The next piece, once the last has been sent. */
void zag_answer_more(struct zag_answer *a);

/* No more of it is wanted, or it is done. */
void zag_answer_end(struct zag_answer *a);

#endif
