/* SPDX-License-Identifier: BSD-2-Clause */
/* zagctl bt: stacks of fibers, those that are alike once. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "symbols.h"
#include "target.h"
#include "zagctl.h"

/* --- running ones ------------------------------------------------------- */

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	json_t *pcs = arg;
	Dwarf_Addr pc;
	bool activation;
	char text[32];

	if (!dwfl_frame_pc(frame, &pc, &activation))
		return DWARF_CB_ABORT;
	/* Told as return addresses, all of them. */
	snprintf(text, sizeof(text), "0x%lx",
		 (unsigned long)pc + (activation ? 1 : 0));
	json_array_append_new(pcs, json_string(text));
	return json_array_size(pcs) < 64 ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* By stopping its kernel thread for a moment, as gdb does. */
static void walk_thread(struct symbols *s, long pid, json_t *stack)
{
	static int attached = -1;
	Dwfl *dwfl = symbols_dwfl(s);
	json_t *pcs = json_object_get(stack, "pcs");

	if (attached < 0)
		attached = dwfl_linux_proc_attach(dwfl, (pid_t)pid, false) ==
			   0;
	if (attached)
		dwfl_getthread_frames(dwfl,
				      (pid_t)number_of(stack, "thread"),
				      add_frame, pcs);
	if (!json_array_size(pcs))
		json_object_set_new(stack, "note",
				    json_string("it runs, and its thread "
						"cannot be stopped"));
}

/* --- one stack ---------------------------------------------------------- */

static bool is_ours(struct symbols *s, uintptr_t pc)
{
	return !strcmp(symbol_module(s, pc - 1), "libzagshim.so");
}

static char *frame_text(struct symbols *s, uintptr_t pc)
{
	const char *line = symbol_line(s, pc);
	const char *module = symbol_module(s, pc - 1);
	char *text = NULL;
	int r;

	if (*line)
		r = asprintf(&text, "%s at %s", symbol_name(s, pc - 1, false),
			     line);
	else
		r = asprintf(&text, "%s (%s)", symbol_name(s, pc, true),
			     module);
	return r < 0 ? NULL : text;
}

/* The name of the call without what the compiler has made of it. */
static void plain(char *name)
{
	name[strcspn(name, "+.(@ ")] = '\0';
}

/*
 * The frames as text: of zagshim's own only the call that the program has
 * made, unless all are wanted.
 */
static json_t *frames_of(struct symbols *s, const json_t *stack, bool all)
{
	json_t *pcs = json_object_get(stack, "pcs");
	json_t *frames = json_array(), *v;
	const char *call = text_of(stack, "call");
	uintptr_t last = 0;
	size_t i;

	json_array_foreach(pcs, i, v) {
		uintptr_t pc = strtoul(json_string_value(v), NULL, 16);
		bool hidden = !all && is_ours(s, pc);
		char *text;

		if (!hidden && last && !json_array_size(frames)) {
			text = strdup(*call ? call : symbol_name(s, last - 1,
								 false));
			if (text)
				plain(text);
			json_array_append_new(frames,
					      json_string(text ? text : ""));
			free(text);
		}
		last = hidden ? pc : 0;
		if (hidden)
			continue;
		text = frame_text(s, pc);
		json_array_append_new(frames, json_string(text ? text : ""));
		free(text);
	}
	return frames;
}

/* --- all of them -------------------------------------------------------- */

struct fold {
	json_t *frames, *fibers;
	const char *state, *note;
};

static struct fold *fold_of(struct fold *folds, size_t *n, json_t *stack,
			    json_t *frames)
{
	const char *state = text_of(stack, "state");
	const char *note = text_of(stack, "note");
	struct fold *f = folds;

	for (; f < folds + *n; f++)
		if (!strcmp(f->state, state) && !strcmp(f->note, note) &&
		    json_equal(f->frames, frames))
			return f;
	*f = (struct fold){ json_incref(frames), json_array(), state, note };
	++*n;
	return f;
}

static int by_size(const void *a, const void *b)
{
	const struct fold *x = a, *y = b;
	size_t n = json_array_size(x->fibers), m = json_array_size(y->fibers);

	return (n < m) - (n > m);
}

static void print_fold(const struct fold *f)
{
	size_t n = json_array_size(f->fibers), i;
	json_t *v;

	printf("%zu fiber%s, %s:", n, n == 1 ? "" : "s", f->state);
	json_array_foreach(f->fibers, i, v) {
		if (i == 12) {
			printf(" …");
			break;
		}
		printf(" %lu", number_of(v, "id"));
		if (n == 1 && *text_of(v, "name"))
			printf(" (%s)", text_of(v, "name"));
	}
	putchar('\n');
	if (*f->note)
		printf("    %s\n", f->note);
	json_array_foreach(f->frames, i, v)
		printf("    #%-2zu %s\n", i, json_string_value(v));
	putchar('\n');
}

static json_t *fold_as_json(const struct fold *f)
{
	json_t *ids = json_array(), *v;
	size_t i;

	json_array_foreach(f->fibers, i, v)
		json_array_append(ids, json_object_get(v, "id"));
	return json_pack("{s:s,s:i,s:o,s:O}", "state", f->state, "count",
			 (int)json_array_size(f->fibers), "fibers", ids,
			 "frames", f->frames);
}

static int print_all(const struct options *o, struct fold *folds, size_t n)
{
	json_t *root, *list = json_array();
	int status = DONE;

	qsort(folds, n, sizeof(*folds), by_size);
	for (size_t i = 0; i < n; i++) {
		if (o->json)
			json_array_append_new(list, fold_as_json(&folds[i]));
		else
			print_fold(&folds[i]);
		json_decref(folds[i].frames);
		json_decref(folds[i].fibers);
	}
	root = json_pack("{s:i,s:o}", "version", 1, "stacks", list);
	if (o->json)
		status = print_json(root);
	json_decref(root);
	return status;
}

static int print_stacks(const struct options *o, struct symbols *s, long pid,
			json_t *stacks)
{
	size_t most = json_array_size(stacks), n = 0, i;
	struct fold *folds = calloc(most + 1, sizeof(*folds));
	json_t *stack, *frames;
	int status;

	if (!folds)
		return complain(FAILED, "no memory");
	json_array_foreach(stacks, i, stack) {
		if (pid && json_object_get(stack, "thread"))
			walk_thread(s, pid, stack);
		frames = frames_of(s, stack, o->all_frames);
		json_array_append(fold_of(folds, &n, stack, frames)->fibers,
				  stack);
		json_decref(frames);
	}
	status = print_all(o, folds, n);
	free(folds);
	return status;
}

/* [TARGET] [FIBER|all]: one word may be either. */
static int find_words(const struct options *o, struct target *t,
		      const char **fiber)
{
	const char *target = o->argc ? o->argv[0] : NULL;
	struct target *all;
	size_t n;
	char *end;

	*fiber = o->argc > 1 ? o->argv[1] : "all";
	if (o->argc == 1 && !strcmp(target, "all")) {
		target = NULL;
	} else if (o->argc == 1 && (strtol(target, &end, 10), !*end)) {
		all = find_all(&n);
		for (size_t i = 0; i < n; i++)
			if (all[i].pid == atol(target))
				n = 0; /* a process */
		free(all);
		if (n == 1) {
			*fiber = target;
			target = NULL;
		}
	}
	return find_target(target, t);
}

static int run_live(const struct options *o)
{
	const char *fiber;
	struct symbols *s;
	char request[64];
	struct target t;
	json_t *answer;
	int status = find_words(o, &t, &fiber);

	if (status)
		return status;
	snprintf(request, sizeof(request), "bt %s",
		 strcmp(fiber, "all") ? fiber : "");
	status = ask(&t, request, &answer);
	if (status)
		return status;
	if (!t.pid)
		t.pid = (long)number_of(answer, "pid");
	if (!json_array_size(json_object_get(answer, "stacks"))) {
		json_decref(answer);
		return complain(FAILED, "%s: no such fiber", fiber);
	}
	s = symbols_of(t.pid);
	status = s ? print_stacks(o, s, t.pid,
				  json_object_get(answer, "stacks")) :
		     complain(FAILED, "%ld: its maps cannot be read", t.pid);
	symbols_free(s);
	json_decref(answer);
	return status;
}

static int run_core(const struct options *o)
{
	struct symbols *s = NULL;
	json_t *stacks = NULL;
	unsigned long only = 0;
	int status;

	if (o->argc && strcmp(o->argv[0], "all"))
		only = strtoul(o->argv[0], NULL, 10);
	status = core_stacks(o->core, only, &s, &stacks);
	if (!status)
		status = print_stacks(o, s, 0, stacks);
	json_decref(stacks);
	symbols_free(s);
	return status;
}

int run_bt(const struct options *o)
{
	return o->core ? run_core(o) : run_live(o);
}

/* What the library runs at a deadlock: the stacks are on standard input. */
int run_deadlock(const struct options *o)
{
	json_t *root = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);
	json_t *f, *frames, *v;
	struct symbols *s;
	size_t i, k;

	if (!root)
		return complain(FAILED, "no stacks on standard input");
	s = symbols_of((long)number_of(root, "pid"));
	json_array_foreach(json_object_get(root, "fibers"), i, f) {
		printf("  fiber %lu (%s) waits for %s%s\n",
		       number_of(f, "id"), text_of(f, "name"),
		       text_of(f, "wait"),
		       json_is_true(json_object_get(f, "cycle")) ?
			       " [in a cycle]" : "");
		frames = frames_of(s, f, o->all_frames);
		json_array_foreach(frames, k, v)
			printf("      #%-2zu %s\n", k, json_string_value(v));
		json_decref(frames);
	}
	symbols_free(s);
	json_decref(root);
	return DONE;
}
