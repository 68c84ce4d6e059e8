/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for addresses, by libdw; each is looked up once. */
#include "config.h"

#include "symbols.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

struct known {
	uintptr_t addr;
	char kind;
	char *text;
	struct known *next;
};

struct symbols {
	Dwfl *dwfl;
	struct known *known[BUCKETS];
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

struct symbols *symbols_of_dwfl(Dwfl *dwfl)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (s)
		s->dwfl = dwfl;
	return s;
}

struct symbols *symbols_of(long pid)
{
	struct symbols *s;
	Dwfl *dwfl;

	/* Nothing is fetched from anywhere. */
	unsetenv("DEBUGINFOD_URLS");
	dwfl = dwfl_begin(&callbacks);
	if (!dwfl)
		return NULL;
	if (dwfl_linux_proc_report(dwfl, (pid_t)pid) ||
	    dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		return NULL;
	}
	s = symbols_of_dwfl(dwfl);
	if (!s)
		dwfl_end(dwfl);
	return s;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	for (int i = 0; i < BUCKETS; i++) {
		struct known *k = s->known[i], *next;

		for (; k; k = next) {
			next = k->next;
			free(k->text);
			free(k);
		}
	}
	dwfl_end(s->dwfl);
	free(s);
}

Dwfl *symbols_dwfl(struct symbols *s)
{
	return s->dwfl;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *module_name(Dwfl_Module *m)
{
	const char *name = m ? dwfl_module_info(m, NULL, NULL, NULL, NULL,
						NULL, NULL, NULL) :
			       NULL;

	return name ? base_name(name) : "";
}

static char *make_name(struct symbols *s, uintptr_t addr, bool offset)
{
	/* A return address may be behind the function's end. */
	uintptr_t in = addr - offset;
	Dwfl_Module *m = dwfl_addrmodule(s->dwfl, in);
	const char *name;
	GElf_Sym sym;
	GElf_Off off;
	Dwarf_Addr low = 0;
	char *text = NULL;
	int r;

	name = m ? dwfl_module_addrinfo(m, in, &off, &sym, NULL, NULL, NULL) :
		   NULL;
	if (m)
		dwfl_module_info(m, NULL, &low, NULL, NULL, NULL, NULL, NULL);
	if (name && (!offset || !off))
		r = asprintf(&text, "%s", name);
	else if (name)
		r = asprintf(&text, "%s+0x%lx", name,
			     (unsigned long)off + offset);
	else if (m)
		r = asprintf(&text, "%s+0x%lx", module_name(m),
			     (unsigned long)(addr - low));
	else
		r = asprintf(&text, "0x%lx", (unsigned long)addr);
	return r < 0 ? NULL : text;
}

static char *make_line(struct symbols *s, uintptr_t addr)
{
	Dwfl_Line *line = dwfl_getsrc(s->dwfl, addr - 1);
	char *text = NULL;
	const char *file;
	int number;

	file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) :
		      NULL;
	if (!file)
		return strdup("");
	if (asprintf(&text, "%s:%d", base_name(file), number) < 0)
		return NULL;
	return text;
}

/* kind: 'n' a name, 'o' one with an offset, 'l' a line. */
static const char *look_up(struct symbols *s, uintptr_t addr, char kind)
{
	struct known **bucket = &s->known[(addr >> 2) % BUCKETS], *k;

	for (k = *bucket; k; k = k->next)
		if (k->addr == addr && k->kind == kind)
			return k->text;
	k = calloc(1, sizeof(*k));
	if (!k)
		return "";
	k->addr = addr;
	k->kind = kind;
	k->text = kind == 'l' ? make_line(s, addr) :
				make_name(s, addr, kind == 'o');
	if (!k->text)
		k->text = strdup("");
	k->next = *bucket;
	*bucket = k;
	return k->text;
}

const char *symbol_name(struct symbols *s, uintptr_t addr, bool offset)
{
	return s ? look_up(s, addr, offset ? 'o' : 'n') : "";
}

const char *symbol_line(struct symbols *s, uintptr_t addr)
{
	return s ? look_up(s, addr, 'l') : "";
}

const char *symbol_module(struct symbols *s, uintptr_t addr)
{
	return s ? module_name(dwfl_addrmodule(s->dwfl, addr)) : "";
}
