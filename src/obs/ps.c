/* SPDX-License-Identifier: BSD-2-Clause */
/* The fibers, a row each; and their stacks. */
#include "config.h"

#include <string.h>

#include "base/peek.h"
#include "obs/command.h"
#include "sched/sched.h"
#include "wait/wait.h"

enum {
	ROWS = 256,    /* made in one piece, at most */
	SLOTS = 20000, /* looked at in one piece, at most */
};

static unsigned long number(const char *s)
{
	unsigned long n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (unsigned long)(*s++ - '0');
	return n;
}

/* --- ps ----------------------------------------------------------------- */

static void put_object(struct zag_json *j, const struct zag_look *l,
		       const struct zag_owners *o)
{
	uint32_t tid;
	uint64_t joined = 0;
	char peer[ZAG_PEER_TEXT];

	switch ((enum zag_why_arg)l->why->arg) {
	case ZAG_ARG_FD:
		if (l->arg != UINTPTR_MAX)
			zag_json_int(j, "fd", (int)l->arg);
		if (zag_describe_peer(l, peer))
			zag_json_str(j, "peer", peer);
		break;
	case ZAG_ARG_ADDRESS:
	case ZAG_ARG_MUTEX:
	case ZAG_ARG_RWLOCK:
		zag_json_addr(j, "object", l->arg);
		tid = zag_look_owner(l);
		if (tid)
			zag_json_uint(j, "owner_tid", tid);
		if (tid && zag_owners_fiber(o, tid))
			zag_json_uint(j, "owner", zag_owners_fiber(o, tid));
		break;
	case ZAG_ARG_FIBER:
		if (zag_peek(l->arg + offsetof(struct zag_fiber, id), &joined,
			     sizeof(joined)))
			zag_json_uint(j, "owner", joined);
		break;
	case ZAG_ARG_PID:
		zag_json_int(j, "child", (int)l->arg);
		break;
	case ZAG_ARG_NONE:
	case ZAG_ARG_FDS:
	case ZAG_ARG_SIGNALS:
		break;
	}
}

static void put_wait(struct zag_json *j, const struct zag_look *l,
		     const struct zag_owners *o)
{
	char text[ZAG_WAIT_TEXT];
	const char *call = zag_describe_call(l);

	zag_describe_wait(l, o, text);
	zag_json_str(j, "wait", text);
	if (!l->why)
		return;
	zag_json_str(j, "kind", l->why->what);
	if (call)
		zag_json_str(j, "call", call);
	put_object(j, l, o);
	if (l->until != INT64_MAX)
		zag_json_int(j, "left_ns", zag_max(l->until - zag_now(), 0));
}

/* The kernel thread that it runs on. */
static void put_thread(struct zag_json *j, const struct zag_look *l)
{
	const struct zag_carrier *c = l->fiber->carrier;

	if (l->state == ZAG_FIBER_RUNNING && c && c->current == l->fiber)
		zag_json_uint(j, "thread", c->tid);
}

static void put_row(struct zag_json *j, const struct zag_look *l,
		    const struct zag_owners *o)
{
	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "id", l->id);
	zag_json_uint(j, "tid", l->tid);
	zag_json_str(j, "state", zag_describe_state(l));
	put_wait(j, l, o);
	zag_json_uint(j, "for_ns", l->state_ns);
	zag_json_uint(j, "age_ns", l->age_ns);
	zag_json_uint(j, "busy_ns", l->busy_ns);
	zag_json_uint(j, "ready_ns", l->ready_ns);
	zag_json_uint(j, "parked_ns", l->parked_ns);
	zag_json_uint(j, "switches", l->switches);
	zag_json_uint(j, "stack_size", l->stack_size);
	zag_json_uint(j, "stack_used", zag_look_touched(l));
	zag_json_strn(j, "name", l->name, sizeof(l->name));
	zag_json_addr(j, "start", l->start);
	if (l->site_pc)
		zag_json_addr(j, "site", l->site_pc);
	zag_json_bool(j, "detached", l->detached);
	put_thread(j, l);
	zag_json_close(j, '}');
}

void zag_command_ps(struct zag_answer *a, char *argument)
{
	a->only = number(argument);
	zag_owners_make(&a->owners);
	zag_answer_accept(a);
	zag_json_open(&a->json, "fibers", '[');
}

/* One piece of a list of fibers; false: that was the last. */
static bool rows(struct zag_answer *a,
		 void (*put)(struct zag_answer *a, struct zag_look *l))
{
	uint32_t budget = SLOTS;
	struct zag_look l;

	for (int i = 0; i < ROWS && zag_answer_room(a); i++) {
		if (!zag_look_next_within(&a->cursor, &l, &budget))
			return budget == 0;
		if (!a->only || a->only == l.id)
			put(a, &l);
	}
	return true;
}

static void put_ps(struct zag_answer *a, struct zag_look *l)
{
	zag_look_site(l);
	put_row(&a->json, l, &a->owners);
}

void zag_command_ps_more(struct zag_answer *a)
{
	if (rows(a, put_ps))
		return;
	zag_json_close(&a->json, ']');
	zag_answer_finish(a);
}

void zag_command_ps_end(struct zag_answer *a)
{
	zag_owners_free(&a->owners);
}

/* --- bt ----------------------------------------------------------------- */

void zag_command_bt(struct zag_answer *a, char *argument)
{
	a->only = number(argument);
	zag_answer_accept(a);
	zag_json_open(&a->json, "stacks", '[');
}

static void put_stack(struct zag_answer *a, struct zag_look *l)
{
	struct zag_json *j = &a->json;

	zag_look_site(l);
	zag_json_open(j, NULL, '{');
	zag_json_uint(j, "id", l->id);
	zag_json_strn(j, "name", l->name, sizeof(l->name));
	zag_json_str(j, "state", zag_describe_state(l));
	put_thread(j, l);
	zag_describe_stack(l, j);
	zag_json_close(j, '}');
}

void zag_command_bt_more(struct zag_answer *a)
{
	if (rows(a, put_stack))
		return;
	zag_json_close(&a->json, ']');
	zag_answer_finish(a);
}
