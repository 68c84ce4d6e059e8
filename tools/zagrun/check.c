/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets what a program imports against the list of interposed calls. */
#include "config.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "closure.h"

enum verdict { PARKS, OFFLOADS, THREAD, PASSES, UNSUPPORTED };

static struct call {
	const char *name;
	enum verdict verdict;
	const char *note;
	const struct object *by; /* who imports it, or NULL */
} calls[] = {
#define ZAG_CALL(family, name, verdict, note) { #name, verdict, note, NULL },
#include "base/calls.def"
#undef ZAG_CALL
};

#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* ---- collecting ----------------------------------------------------- */

/* What of a program's imports says how it lives, beside the calls. */
struct facts {
	const struct object *object; /* whose imports are being read */
	const struct object *threads;
	const struct object *raw;
	const struct object *opens;
	unsigned int libraries;
	unsigned int missing;
};

static void note(const struct object **fact, const char *name,
		 const char *import, const struct object *by)
{
	if (!*fact && !strcmp(name, import))
		*fact = by;
}

static void see_import(void *arg, const char *name)
{
	struct facts *facts = arg;
	size_t i;

	note(&facts->threads, "pthread_create", name, facts->object);
	note(&facts->threads, "thrd_create", name, facts->object);
	note(&facts->raw, "syscall", name, facts->object);
	note(&facts->opens, "dlopen", name, facts->object);
	for (i = 0; i < CALL_COUNT; i++)
		if (!calls[i].by && !strcmp(calls[i].name, name))
			calls[i].by = facts->object;
}

static void collect(const struct object *first, struct facts *facts)
{
	const struct object *ob;

	for (ob = first; ob; ob = ob->next) {
		facts->libraries += ob != first;
		facts->missing += !ob->path;
		facts->object = ob;
		if (ob->path && !ob->is_libc)
			image_imports(&ob->image, see_import, facts);
	}
}

/* ---- printing ------------------------------------------------------- */

static void print_names(const char *title, enum verdict verdict)
{
	size_t column = 0, i;

	for (i = 0; i < CALL_COUNT; i++) {
		size_t n = strlen(calls[i].name) + 1;

		if (calls[i].verdict != verdict || !calls[i].by)
			continue;
		if (!column)
			printf("%s:\n", title);
		if (!column || column + n > 78) {
			printf("%s   ", column ? "\n" : "");
			column = 3;
		}
		printf(" %s", calls[i].name);
		column += n;
	}
	if (column)
		putchar('\n');
}

static void print_unsupported(void)
{
	bool any = false;
	size_t i;

	for (i = 0; i < CALL_COUNT; i++) {
		if (calls[i].verdict != UNSUPPORTED || !calls[i].by)
			continue;
		if (!any)
			puts("not supported:");
		any = true;
		printf("    %s (%s)%s%s\n", calls[i].name, calls[i].by->name,
		       *calls[i].note ? ": " : "", calls[i].note);
	}
}

static void print_missing(const struct object *first)
{
	const struct object *ob;

	for (ob = first; ob; ob = ob->next)
		if (!ob->path)
			printf("missing: %s, named by %s\n", ob->name,
			       ob->loader->name);
}

static void print_expectation(const struct facts *facts)
{
	puts("expect:");
	if (facts->missing)
		puts("    it cannot start: libraries are missing");
	if (!facts->threads && !facts->opens)
		puts("    no threads: zagshim is loaded and stays idle");
	else if (!facts->threads)
		puts("    no threads but those of code it opens with dlopen");
	else
		printf("    each thread that %s creates is a fiber\n",
		       facts->threads->name);
	if (facts->raw)
		printf("    system calls by syscall(2) in %s: one that blocks "
		       "takes a kernel\n    thread until it returns\n",
		       facts->raw->name);
	if (facts->opens && facts->threads)
		puts("    code opened with dlopen was not looked at");
}

int check_report(const struct preflight *pf)
{
	struct object *first = closure_read(pf->program);
	struct facts facts = { 0 };

	if (!first)
		return -errno;
	collect(first, &facts);
	printf("%s: can run under zagrun\n", pf->path);
	if (strcmp(pf->path, pf->program))
		printf("interpreter: %s\n", pf->program);
	printf("libraries: %u\n", facts.libraries);
	print_missing(first);
	print_names("park the fiber only", PARKS);
	print_names("park the fiber, made by a helper thread", OFFLOADS);
	print_names("work on fibers", THREAD);
	print_names("pass through to libc", PASSES);
	print_unsupported();
	print_expectation(&facts);
	closure_free(first);
	return 0;
}
