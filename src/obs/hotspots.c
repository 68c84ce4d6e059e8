/* SPDX-License-Identifier: BSD-2-Clause */
/* "hotspots MS": record for so long, then tell; 0: what there is. */
#include "config.h"

#include "obs/command.h"
#include "obs/hot.h"
#include "obs/report.h"
#include "wait/wait.h"

void zag_command_hotspots(struct zag_answer *a, char *argument)
{
	int64_t ms = 0;

	while (*argument >= '0' && *argument <= '9' && ms < 100000000)
		ms = ms * 10 + (*argument++ - '0');
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
