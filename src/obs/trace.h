/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline: what ran where, who was ready, what was waited for and who
 * ended the wait, as Chrome's trace events, for ui.perfetto.dev and
 * chrome://tracing.
 *
 * Memory is bounded: a ring for each processor, in which the newest events take
 * the place of the oldest.
 */
#ifndef ZAG_OBS_TRACE_H
#define ZAG_OBS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "obs/json.h"

/* The runtime has booted: trace, if a timeline is wanted. */
void zag_trace_begin(void);

/* The process ends: write it. */
void zag_trace_end(void);

/* Trace from now on; and no more.  False: no memory.  Nested; any thread. */
bool zag_trace_start(void);
void zag_trace_stop(void);

/*
 * Events that ended at or after `from` (ticks), as members of an array, as many
 * as have room; true: there are more.  The cursor is zeroed at first.
 */
enum { ZAG_TRACE_NAMES = 128 };

struct zag_trace_cursor {
	uint32_t ring;
	uint64_t at;
	bool begun, named;
	uint64_t named_ids[ZAG_TRACE_NAMES]; /* fibers named lately */
};

bool zag_trace_put(struct zag_json *j, struct zag_trace_cursor *c,
		   uint64_t from);

#endif
