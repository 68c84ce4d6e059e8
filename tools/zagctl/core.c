/* SPDX-License-Identifier: BSD-2-Clause */
/* Fibers in a core file: found by zag_debug, their stacks walked by libdw. */
#include "config.h"

#include "core.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "obs/debug.h"
#include "zagctl.h"

enum { FRAMES = 64, CHUNK = 256 };

struct core {
	int fd;
	Elf *elf;
	size_t headers;
	struct zag_debug debug;
	Dwfl *modules;
	uintptr_t fiber; /* the one whose stack is walked */
};

/* --- memory ------------------------------------------------------------- */

static bool read_memory(const struct core *c, uintptr_t addr, void *to,
			size_t size)
{
	for (size_t i = 0; i < c->headers; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(c->elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    addr < p.p_vaddr || addr - p.p_vaddr >= p.p_filesz ||
		    p.p_filesz - (addr - p.p_vaddr) < size)
			continue;
		return pread(c->fd, to, size,
			     (off_t)(p.p_offset + (addr - p.p_vaddr))) ==
		       (ssize_t)size;
	}
	return false;
}

/* What a core file leaves out, since the modules' files have it. */
static bool read_file(const struct core *c, uintptr_t addr, void *to,
		      size_t size)
{
	Dwfl_Module *m = dwfl_addrmodule(c->modules, addr);
	GElf_Addr bias;
	Elf *elf = m ? dwfl_module_getelf(m, &bias) : NULL;
	size_t n;

	if (!elf || elf_getphdrnum(elf, &n))
		return false;
	addr -= bias;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    addr < p.p_vaddr || addr - p.p_vaddr >= p.p_filesz ||
		    p.p_filesz - (addr - p.p_vaddr) < size)
			continue;
		data = elf_getdata_rawchunk(
			elf, (int64_t)(p.p_offset + (addr - p.p_vaddr)), size,
			ELF_T_BYTE);
		if (data)
			memcpy(to, data->d_buf, size);
		return data;
	}
	return false;
}

static uint64_t word_at(const struct core *c, uintptr_t addr)
{
	uint64_t word = 0;

	read_memory(c, addr, &word, sizeof(word));
	return word;
}

static uint32_t half_at(const struct core *c, uintptr_t addr)
{
	uint32_t half = 0;

	read_memory(c, addr, &half, sizeof(half));
	return half;
}

/* --- walking one stack -------------------------------------------------- */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	*thread = arg;
	return tid == 1;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *word,
			void *arg)
{
	(void)dwfl;
	return read_memory(arg, addr, word, sizeof(*word));
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct core *c = arg;
	const struct zag_debug *d = &c->debug;
	uintptr_t sp = word_at(c, c->fiber + d->fiber_sp);
	Dwarf_Word word = sp + d->saved_size;

	if (!dwfl_thread_state_registers(thread, (int)d->sp_reg, 1, &word))
		return false;
	for (uint32_t i = 0; i < d->saved_count; i++) {
		if (!read_memory(c, sp + d->saved[i].at, &word, sizeof(word)))
			return false;
		if (d->saved[i].reg == d->saved_pc)
			dwfl_thread_state_register_pc(thread, word);
		if (d->saved[i].reg != 16 || d->saved_pc != 16)
			dwfl_thread_state_registers(
				thread, (int)d->saved[i].reg, 1, &word);
	}
	return true;
}

static const Dwfl_Thread_Callbacks threads = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

static int add_frame(Dwfl_Frame *frame, void *arg)
{
	json_t *pcs = arg;
	Dwarf_Addr pc;
	bool activation;
	char text[32];

	if (!dwfl_frame_pc(frame, &pc, &activation) || !pc)
		return DWARF_CB_ABORT;
	/* The first one is a return address, too, and is not told so. */
	snprintf(text, sizeof(text), "0x%lx",
		 (unsigned long)pc +
			 (activation && json_array_size(pcs) ? 1 : 0));
	json_array_append_new(pcs, json_string(text));
	return json_array_size(pcs) < FRAMES ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* --- the fibers --------------------------------------------------------- */

struct session {
	struct core core;
	Dwfl *parked, *running; /* by what fibers have saved; by the kernel */
	unsigned long only;
	json_t *stacks;
};

/* enum zag_fiber_state */
static const char *const states[] = { "free",	"ready",  "running", "parking",
				      "notified", "parked", "done" };

/* The name of the call it waits in, by what it has told of its wait. */
static void read_call(const struct core *c, uintptr_t fiber, char *call,
		      size_t size)
{
	uintptr_t why = word_at(c, fiber + c->debug.fiber_why);
	uintptr_t text = why ? word_at(c, why + c->debug.why_call) : 0;

	memset(call, 0, size);
	for (size_t i = 0; text && i + 1 < size; i++)
		if ((!read_memory(c, text + i, call + i, 1) &&
		     !read_file(c, text + i, call + i, 1)) ||
		    !call[i])
			break;
}

static void add_fiber(struct session *s, uintptr_t fiber)
{
	struct core *c = &s->core;
	const struct zag_debug *d = &c->debug;
	uint32_t state = half_at(c, fiber + d->fiber_state);
	uint64_t id = word_at(c, fiber + d->fiber_id);
	uintptr_t carrier = word_at(c, fiber + d->fiber_carrier);
	char name[17] = "";
	json_t *pcs = json_array();
	char call[64];
	uint32_t tid = 0;

	if (!word_at(c, fiber + d->fiber_tp) || !state || state > 5 || !id ||
	    (s->only && s->only != id)) {
		json_decref(pcs);
		return;
	}
	read_memory(c, fiber + d->fiber_name, name, 16);
	if (carrier && word_at(c, carrier + d->carrier_current) == fiber)
		tid = half_at(c, carrier + d->carrier_tid);
	c->fiber = fiber;
	if (tid)
		dwfl_getthread_frames(s->running, (pid_t)tid, add_frame, pcs);
	else
		dwfl_getthread_frames(s->parked, 1, add_frame, pcs);
	read_call(c, fiber, call, sizeof(call));
	json_array_append_new(
		s->stacks, json_pack("{s:I,s:s%,s:s,s:s,s:o}", "id",
				     (json_int_t)id, "name", name,
				     strlen(name), "state", states[state],
				     "call", call, "pcs", pcs));
}

static void add_slab(struct session *s, uintptr_t slab)
{
	const struct core *c = &s->core;
	const struct zag_debug *d = &c->debug;
	uint64_t stride = word_at(c, word_at(c, slab + d->slab_class) +
					     d->class_stride);
	uint64_t base = word_at(c, slab + d->slab_base);
	uint32_t carved = half_at(c, slab + d->slab_carved);

	for (uint32_t i = 1; i <= carved; i++)
		add_fiber(s, (base + stride * i - d->fiber_size) &
				     ~(uint64_t)(d->fiber_align - 1));
}

static void add_all(struct session *s)
{
	const struct core *c = &s->core;
	uintptr_t slab = word_at(c, c->debug.slabs);

	add_fiber(s, c->debug.main);
	for (; slab; slab = word_at(c, slab + c->debug.slab_next))
		add_slab(s, slab);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = number_of(*(json_t *const *)a, "id");
	uint64_t y = number_of(*(json_t *const *)b, "id");

	return (x > y) - (x < y);
}

static json_t *sorted(json_t *list)
{
	size_t n = json_array_size(list), i;
	json_t **items = calloc(n + 1, sizeof(*items)), *v, *into;

	if (!items)
		return list;
	into = json_array();
	json_array_foreach(list, i, v)
		items[i] = v;
	qsort(items, n, sizeof(*items), by_id);
	for (i = 0; i < n; i++)
		json_array_append(into, items[i]);
	free(items);
	json_decref(list);
	return into;
}

/* --- opening ------------------------------------------------------------ */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static Dwfl *report(const struct core *c)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (dwfl && dwfl_core_file_report(dwfl, c->elf, NULL) > 0 &&
	    !dwfl_report_end(dwfl, NULL, NULL))
		return dwfl;
	if (dwfl)
		dwfl_end(dwfl);
	return NULL;
}

static int find_debug(Dwfl_Module *m, void **data, const char *name,
		      Dwarf_Addr start, void *arg)
{
	const char *slash = strrchr(name, '/');
	uintptr_t *found = arg;
	GElf_Sym sym;
	int n;

	(void)data;
	(void)start;
	if (strcmp(slash ? slash + 1 : name, "libzagshim.so"))
		return DWARF_CB_OK;
	n = dwfl_module_getsymtab(m);
	for (int i = 0; i < n; i++) {
		GElf_Addr addr;
		const char *s = dwfl_module_getsym_info(m, i, &sym, &addr,
							NULL, NULL, NULL);

		if (s && !strcmp(s, "zag_debug"))
			*found = addr;
	}
	return DWARF_CB_ABORT;
}

static const char *open_session(struct session *s, const char *file)
{
	struct core *c = &s->core;
	uintptr_t addr = 0;

	elf_version(EV_CURRENT);
	unsetenv("DEBUGINFOD_URLS");
	c->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return "cannot be opened";
	c->elf = elf_begin(c->fd, ELF_C_READ_MMAP, NULL);
	if (!c->elf || elf_getphdrnum(c->elf, &c->headers))
		return "is no core file";
	s->running = report(c);
	s->parked = report(c);
	c->modules = s->running;
	if (!s->running || !s->parked)
		return "is no core file";
	dwfl_getmodules(s->running, find_debug, &addr, 0);
	if (!addr)
		return "libzagshim.so is not in it, or not on this machine";
	if (!read_memory(c, addr, &c->debug, sizeof(c->debug)) ||
	    memcmp(c->debug.magic, ZAG_DEBUG_MAGIC, 8))
		return "its libzagshim.so is not the one on this machine";
	if (c->debug.version != ZAG_DEBUG_VERSION)
		return "its libzagshim.so is another version";
	if (dwfl_core_file_attach(s->running, c->elf) < 0 ||
	    !dwfl_attach_state(s->parked, c->elf, 1, &threads, c))
		return "its stacks cannot be walked";
	return NULL;
}

int core_stacks(const char *file, unsigned long only, struct symbols **symbols,
		json_t **stacks)
{
	static struct session s;
	const char *why = open_session(&s, file);

	if (why)
		return complain(FAILED, "%s: %s", file, why);
	s.only = only;
	s.stacks = json_array();
	add_all(&s);
	if (only && !json_array_size(s.stacks))
		return complain(FAILED, "%s: no fiber %lu", file, only);
	*symbols = symbols_of_dwfl(s.running);
	*stacks = sorted(s.stacks);
	return DONE;
}
