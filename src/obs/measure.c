/* SPDX-License-Identifier: BSD-2-Clause */
/* "hotspots MS", "trace MS": record for so long, then tell. */
#include "config.h"

#include "obs/command.h"
#include "obs/hot.h"
#include "obs/report.h"
#include "wait/wait.h"

static int64_t number(const char *s)
{
	int64_t n = 0;

	while (*s >= '0' && *s <= '9' && n < 100000000)
		n = n * 10 + (*s++ - '0');
	return n;
}

void zag_command_hotspots(struct zag_answer *a, char *argument)
{
	int64_t ms = number(argument);

	if (!ms && !zag_hot_on()) {
		zag_answer_refuse(a, "nothing is recorded", "hotspots");
		return;
	}
	if (!zag_hot_start()) {
		zag_answer_refuse(a, "no memory", "hotspots");
		return;
	}
	a->recording = true;
	a->until = zag_now() + ms * (ZAG_NSEC / 1000);
}

/* A piece is as large as the whole may become. */
void zag_command_hotspots_more(struct zag_answer *a)
{
	if (zag_now() < a->until)
		return;
	zag_answer_accept(a);
	zag_report_put(&a->json);
	zag_answer_finish(a);
}

void zag_command_hotspots_end(struct zag_answer *a)
{
	if (a->recording)
		zag_hot_stop();
}

void zag_command_trace(struct zag_answer *a, char *argument)
{
	if (!zag_trace_start()) {
		zag_answer_refuse(a, "no memory", "trace");
		return;
	}
	a->recording = true;
	a->from = zag_arch_ticks();
	a->until = zag_now() + number(argument) * (ZAG_NSEC / 1000);
}

/* Recording goes on meanwhile: what is newer than the last look is left out by
 * the rings, or shown as well. */
void zag_command_trace_more(struct zag_answer *a)
{
	if (zag_now() < a->until)
		return;
	if (!a->trace.named) {
		zag_answer_accept(a);
		zag_json_open(&a->json, "traceEvents", '[');
	}
	if (zag_trace_put(&a->json, &a->trace, a->from))
		return;
	zag_json_close(&a->json, ']');
	zag_answer_finish(a);
}

void zag_command_trace_end(struct zag_answer *a)
{
	if (a->recording)
		zag_trace_stop();
}
