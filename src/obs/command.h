/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, for answer.c. */
#ifndef ZAG_OBS_COMMAND_H
#define ZAG_OBS_COMMAND_H

#include "obs/answer.h"

struct zag_command {
	const char *name;
	/* The first piece; the argument may be written to. */
	void (*begin)(struct zag_answer *a, char *argument);
	/* A piece more, until `done` is set; NULL: begin does it all. */
	void (*more)(struct zag_answer *a);
	void (*end)(struct zag_answer *a); /* free what it has; may be NULL */
};

/* "error: WHAT: WHY", and nothing else. */
void zag_answer_refuse(struct zag_answer *a, const char *why,
		       const char *what);

/* "ok", an object begun; and ended. */
void zag_answer_accept(struct zag_answer *a);
void zag_answer_finish(struct zag_answer *a);

/* Whether there is room for another row. */
bool zag_answer_room(const struct zag_answer *a);

void zag_command_cancel(struct zag_answer *a, char *argument);
void zag_command_stat(struct zag_answer *a, char *argument);
void zag_command_ps(struct zag_answer *a, char *argument);
void zag_command_ps_more(struct zag_answer *a);
void zag_command_ps_end(struct zag_answer *a);
void zag_command_hotspots(struct zag_answer *a, char *argument);
void zag_command_hotspots_more(struct zag_answer *a);
void zag_command_hotspots_end(struct zag_answer *a);
void zag_command_trace(struct zag_answer *a, char *argument);
void zag_command_trace_more(struct zag_answer *a);
void zag_command_trace_end(struct zag_answer *a);
void zag_command_bt(struct zag_answer *a, char *argument);
void zag_command_bt_more(struct zag_answer *a);

#endif
