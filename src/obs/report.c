/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report at exit.  The numbers are ours; names and lines are put to them by
 * zagctl, which has libdw and is run for that, and prints it.
 */
#include "config.h"

#include "obs/report.h"

#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/page.h"
#include "base/raw.h"
#include "obs/callname.h"
#include "obs/helper.h"
#include "obs/hot.h"
#include "sched/offload.h"
#include "sched/sched.h"

enum { SIZE = 1 << 20 };

void zag_report_begin(void)
{
	if (zag_opt.report[0])
		zag_hot_start();
}

/* --- the numbers -------------------------------------------------------- */

static void put_hot(struct zag_json *j, const struct zag_hot *h)
{
	const struct zag_why *why = zag_load_rlx(&h->why);
	uintptr_t call_pc = zag_load_rlx(&h->call);
	const char *call = call_pc ? zag_callname(call_pc) : NULL;

	zag_json_str(j, "kind", why->what);
	if (call || why->call)
		zag_json_str(j, "call", call ? call : why->call);
	zag_json_uint(j, "count", zag_load_rlx(&h->count));
	zag_json_uint(j, "typical_ns",
		      zag_min(zag_hot_typical(h),
			      zag_clock_ns(zag_load_rlx(&h->worst))));
	zag_json_uint(j, "worst_ns", zag_clock_ns(zag_load_rlx(&h->worst)));
	zag_json_uint(j, "total_ns", zag_clock_ns(zag_load_rlx(&h->total)));
	zag_json_close(j, '}');
}

static void put_all(struct zag_json *j, const char *key, const char *member,
		    const struct zag_hot *(*get)(unsigned i))
{
	zag_json_open(j, key, '[');
	for (unsigned i = 0; i < ZAG_HOT_SIZE; i++) {
		const struct zag_hot *h = get(i);

		if (!h || j->end - j->at < 1024)
			continue;
		zag_json_open(j, NULL, '{');
		zag_json_addr(j, member, zag_load_rlx(&h->key));
		put_hot(j, h);
	}
	zag_json_close(j, ']');
}

void zag_report_put(struct zag_json *j)
{
	put_all(j, "hotspots", "site", zag_hot_place);
	put_all(j, "locks", "object", zag_hot_lock);
}

static uint64_t sum_of(size_t offset)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < zag_sched.count; i++) {
		const char *p = (char *)&zag_sched.processors[i];

		n += zag_load_rlx((const _Atomic uint64_t *)(p + offset));
	}
	return n;
}

static void put_report(struct zag_json *j)
{
	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "version", 1);
	zag_json_uint(j, "pid", (uint64_t)zag_raw(SYS_getpid));
	zag_json_str(j, "name", zag_opt.name);
	zag_json_uint(j, "uptime_ns",
		      zag_clock_ns(zag_arch_ticks() - zag_sched.born));
	zag_json_uint(j, "processors", zag_sched.count);
	zag_json_uint(j, "created", zag_fiber_made());
	zag_json_uint(j, "peak", zag_load_rlx(&zag_sched.peak));
	zag_json_uint(j, "live", zag_load_rlx(&zag_sched.fibers));
	zag_json_uint(j, "switches",
		      sum_of(offsetof(struct zag_processor, tick)));
	zag_json_uint(j, "steals",
		      sum_of(offsetof(struct zag_processor, count.steals)));
	zag_json_uint(j, "handoffs",
		      sum_of(offsetof(struct zag_processor, count.handoffs)));
	zag_json_uint(j, "offloads", zag_offload_count());
	zag_report_put(j);
	zag_json_close(j, '}');
}

/* --- the output ---------------------------------------------------------- */

/* "1", "yes", "-": standard error; else a file. */
static int open_output(const char *where)
{
	char path[ZAG_OPT_FILE_SIZE + 32];

	if (!strcmp(where, "1") || !strcmp(where, "-") ||
	    !strcmp(where, "yes"))
		return -1;
	zag_helper_path(where, path, sizeof(path));
	return (int)zag_raw(SYS_openat, AT_FDCWD, path,
			    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static bool wants_json(const char *where)
{
	size_t n = strlen(where);

	return n > 5 && !strcmp(where + n - 5, ".json");
}

static void print(const char *where)
{
	char *text = zag_page_alloc(SIZE);
	int out = open_output(where);
	struct zag_json j;

	if (!text)
		return;
	zag_json_init(&j, text, SIZE - 1);
	put_report(&j);
	*j.at++ = '\n';
	if (out < -1)
		zag_log(ZAG_LOG_ERROR, "no report in %s: error %d", where,
			-out);
	if (!zag_helper_print("report-input", text, j.at, out,
			      wants_json(where)))
		zag_helper_write(out >= 0 ? out : 2, text, j.at);
	if (out >= 0)
		zag_raw(SYS_close, out);
	zag_page_free(text, SIZE);
}

void zag_report_end(void)
{
	if (!zag_opt.report[0] || !zag_load_acq(&zag_sched.running))
		return;
	print(zag_opt.report);
}
