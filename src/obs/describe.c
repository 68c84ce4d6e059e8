/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers in words. */
#include "config.h"

#include "obs/describe.h"

#include <string.h>

#include "base/log.h"
#include "base/page.h"
#include "base/peek.h"
#include "obs/callname.h"
#include "sched/sched.h"
#include "wait/wait.h"

enum { FRAMES = 64, DEEP = 64 * 1024 }; /* of a stack, at most */

/* --- owners ------------------------------------------------------------- */

static uint32_t hash(uint32_t tid)
{
	return tid * UINT32_C(2654435769);
}

static struct zag_owner *slot_of(const struct zag_owners *o, uint32_t tid)
{
	uint32_t i = hash(tid);

	while (o->slots[i & (o->size - 1)].tid &&
	       o->slots[i & (o->size - 1)].tid != tid)
		i++;
	return &o->slots[i & (o->size - 1)];
}

void zag_owners_make(struct zag_owners *o)
{
	uint64_t most = zag_load_rlx(&zag_sched.fibers) + 64, n = 0;
	struct zag_look_cursor c = { 0 };
	struct zag_look l;

	o->size = 128;
	while (o->size < 2 * most && o->size < 1U << 30)
		o->size *= 2;
	o->slots = zag_page_alloc(o->size * sizeof(*o->slots));
	while (o->slots && n++ < o->size / 2 && zag_look_next(&c, &l))
		*slot_of(o, l.tid) = (struct zag_owner){ l.id, l.tid };
}

void zag_owners_free(struct zag_owners *o)
{
	zag_page_free(o->slots, o->size * sizeof(*o->slots));
	o->slots = NULL;
}

uint64_t zag_owners_fiber(const struct zag_owners *o, uint32_t tid)
{
	return o->slots ? slot_of(o, tid)->id : 0;
}

/* --- words -------------------------------------------------------------- */

void zag_describe_ns(char *text, size_t size, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	if (ns >= ZAG_NSEC)
		zag_format(text, size, "%ld.%ld s", ns / ZAG_NSEC,
			   ns % ZAG_NSEC / (ZAG_NSEC / 10));
	else if (ns >= ZAG_NSEC / 1000)
		zag_format(text, size, "%ld ms", ns / (ZAG_NSEC / 1000));
	else
		zag_format(text, size, "%ld us", ns / 1000);
}

const char *zag_describe_state(const struct zag_look *l)
{
	if (l->native)
		return "native";
	switch (l->state) {
	case ZAG_FIBER_READY:
	case ZAG_FIBER_NOTIFIED:
		return "ready";
	case ZAG_FIBER_RUNNING:
		return "running";
	case ZAG_FIBER_PARKING:
	case ZAG_FIBER_PARKED:
		return "parked";
	default:
		return "done";
	}
}

struct words {
	char *text;
	size_t len;
};

static void add(struct words *w, const char *s)
{
	w->len += zag_format(w->text + w->len, ZAG_WAIT_TEXT - w->len, "%s",
			     s);
}

#define ADD(w, ...)                                                     \
	((w)->len += zag_format((w)->text + (w)->len,                   \
				ZAG_WAIT_TEXT - (w)->len, __VA_ARGS__))

const char *zag_describe_call(const struct zag_look *l)
{
	const char *call = l->call_pc ? zag_callname(l->call_pc) : NULL;

	return call || !l->why ? call : l->why->call;
}

static void add_call(struct words *w, const struct zag_look *l)
{
	const char *call = zag_describe_call(l);

	if (call || l->why != &zag_why_offload)
		add(w, call ? call : l->why->what);
}

static void add_holder(struct words *w, const struct zag_look *l,
		       const struct zag_owners *o)
{
	uint32_t tid = zag_look_owner(l);
	uint64_t id;

	if (!tid)
		return;
	id = zag_owners_fiber(o, tid);
	if (id)
		ADD(w, ": held by fiber %lu", id);
	else
		ADD(w, ": held by thread %u", tid);
}

static void add_joined(struct words *w, const struct zag_look *l)
{
	uint64_t id = 0;

	zag_peek(l->arg + offsetof(struct zag_fiber, id), &id, sizeof(id));
	ADD(w, " fiber %lu", id);
}

static void add_argument(struct words *w, const struct zag_look *l,
			 const struct zag_owners *o)
{
	char peer[ZAG_PEER_TEXT];

	switch ((enum zag_why_arg)l->why->arg) {
	case ZAG_ARG_NONE:
		break;
	case ZAG_ARG_FD:
		if (l->arg != UINTPTR_MAX)
			ADD(w, " fd %d", (int)l->arg);
		if (zag_describe_peer(l, peer))
			ADD(w, " (%s)", peer);
		break;
	case ZAG_ARG_FDS:
		ADD(w, " %lu fds", (unsigned long)l->arg);
		break;
	case ZAG_ARG_ADDRESS:
		ADD(w, " 0x%lx", (unsigned long)l->arg);
		break;
	case ZAG_ARG_MUTEX:
	case ZAG_ARG_RWLOCK:
		ADD(w, " 0x%lx", (unsigned long)l->arg);
		add_holder(w, l, o);
		break;
	case ZAG_ARG_FIBER:
		add_joined(w, l);
		break;
	case ZAG_ARG_PID:
		if ((int)l->arg > 0)
			ADD(w, " %d", (int)l->arg);
		break;
	case ZAG_ARG_SIGNALS:
		if (l->arg != UINTPTR_MAX) /* else any will do */
			ADD(w, " 0x%lx", (unsigned long)l->arg);
		break;
	}
}

static void add_left(struct words *w, const struct zag_look *l)
{
	char left[32];

	if (l->until == INT64_MAX)
		return;
	zag_describe_ns(left, sizeof(left), l->until - zag_now());
	ADD(w, "%s %s left", l->why == &zag_why_sleep ? "" : ",", left);
}

/* Named by the call rather than by the kind of wait. */
static bool by_call(const struct zag_why *why)
{
	return why->arg == ZAG_ARG_FD || why->arg == ZAG_ARG_FDS ||
	       why->arg == ZAG_ARG_PID || why->arg == ZAG_ARG_SIGNALS;
}

void zag_describe_wait(const struct zag_look *l, const struct zag_owners *o,
		       char *text)
{
	struct words w = { text, 0 };

	*text = '\0';
	if (!l->why)
		return;
	if (l->why == &zag_why_offload)
		add(&w, zag_describe_call(l) ? "offload " : "offload");
	if (by_call(l->why))
		add_call(&w, l);
	else
		add(&w, l->why->what);
	add_argument(&w, l, o);
	add_left(&w, l);
}

void zag_describe_stack(const struct zag_look *l, struct zag_json *j)
{
	struct zag_stack_copy copy;
	uintptr_t pcs[FRAMES];
	size_t n = 0;

	if (zag_look_stack(l, DEEP, &copy))
		n = zag_unwind(&l->ctx, &copy, pcs, FRAMES, NULL);
	if (zag_describe_call(l))
		zag_json_str(j, "call", zag_describe_call(l));
	zag_json_open(j, "pcs", '[');
	for (size_t i = 0; i < n; i++)
		zag_json_addr(j, NULL, pcs[i]);
	zag_json_close(j, ']');
}
