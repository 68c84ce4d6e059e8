/* SPDX-License-Identifier: BSD-2-Clause */
/* Jumps over the entries of libc's functions. */
#include "config.h"

#include "wrap/redirect.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "arch/jump.h"
#include "base/compiler.h"
#include "base/page.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/symtab.h"
#include "ctl/fork.h"
#include "wrap/real.h"
#include "wrap/sync_libc.h"

bool zag_redirected;

/* --- libc as it is loaded ----------------------------------------------- */

struct image {
	struct zag_symtab symbols;
	uintptr_t text, text_end; /* the executable segment, whole pages */
	int text_prot;
};

/* How the loader has mapped code: on aarch64, so that indirect calls must land
 * in the right places, if the CPU checks and the object is made for it. */
static int code_prot(const struct dl_phdr_info *info)
{
	int prot = PROT_READ | PROT_EXEC;
#if defined(__aarch64__)
	const ElfW(Phdr) *ph = info->dlpi_phdr;
	const ElfW(Phdr) *end = ph + info->dlpi_phnum;
	const uint32_t *note; /* 4, size, NT_GNU_PROPERTY_TYPE_0, "GNU", … */

	while (ph < end && ph->p_type != PT_GNU_PROPERTY)
		ph++;
	if (ph == end || !(getauxval(AT_HWCAP2) & HWCAP2_BTI))
		return prot;
	note = (const uint32_t *)(info->dlpi_addr + ph->p_vaddr);
	for (size_t at = 4; at + 3 <= 4 + note[1] / 4; /* 8-byte aligned */
	     at += 2 + (note[at + 1] + 7) / 8 * 2)
		if (note[at] == GNU_PROPERTY_AARCH64_FEATURE_1_AND &&
		    (note[at + 2] & GNU_PROPERTY_AARCH64_FEATURE_1_BTI))
			prot |= PROT_BTI;
#else
	(void)info;
#endif
	return prot;
}

static int find_text(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct image *libc = arg;

	(void)size;
	if (info->dlpi_addr != libc->symbols.base)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type != PT_LOAD || ph->p_flags != (PF_R | PF_X))
			continue;
		libc->text = zag_round_down(at, zag_page_size());
		libc->text_end = zag_round_up(at + ph->p_memsz,
					      zag_page_size());
		libc->text_prot = code_prot(info);
		return 1;
	}
	return 1;
}

static bool find_libc(struct image *libc)
{
	struct link_map *map = NULL;
	Dl_info info;

	if (!dladdr1(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info,
		     (void **)&map, RTLD_DL_LINKMAP) || !map)
		return false;
	if (!zag_symtab_of(map, &libc->symbols))
		return false;
	dl_iterate_phdr(find_text, libc);
	return libc->text != 0;
}

/* Where libc's function begins, if a jump may be written there. */
static void *entry_of(const struct image *libc, const char *name,
		      const void *to)
{
	const ElfW(Sym) *s = zag_symtab_find(&libc->symbols, name,
					     zag_symtab_hash(name));
	uintptr_t entry = s ? libc->symbols.base + s->st_value : 0;

	if (!s || ELF64_ST_TYPE(s->st_info) != STT_FUNC ||
	    entry < libc->text || entry + s->st_size > libc->text_end ||
	    !zag_jump_fits((void *)entry, s->st_size, to))
		return NULL;
	return (void *)entry;
}

/* --- writing ------------------------------------------------------------ */

enum { MOST = 128 };

struct jump {
	void *from;
	const void *to;
};

static struct {
	int count;
	struct jump list[MOST];
	const char *why; /* the name of a function that is not as expected */
} jumps;

static void add(void *from, const void *to)
{
	for (int i = 0; i < jumps.count; i++)
		if (jumps.list[i].from == from)
			return; /* two names of one function */
	jumps.list[jumps.count++] = (struct jump){ from, to };
}

static bool collect(const struct image *libc)
{
	struct zag_sync_lowlevel low;

	for (int i = 0; i < zag_real_jump_count; i++) {
		const struct zag_real_jump *j = &zag_real_jumps[i];
		void *entry = entry_of(libc, j->name, j->to);

		if (!entry) {
			jumps.why = j->name;
			return false;
		}
		add(entry, j->to);
	}
	low.wait_private = zag_symtab_function(&libc->symbols,
					       "__lll_lock_wait_private");
	low.wake_private = zag_symtab_function(&libc->symbols,
					       "__lll_lock_wake_private");
	if (zag_sync_find_lowlevel(&low)) {
		add(low.wait, (void *)zag_sync_lll_wait);
		add(low.wake, (void *)zag_sync_lll_wake);
	}
	return true;
}

/*
 * The text stays executable throughout, but a handler must not find half a
 * jump.  Where no page may be both written and executed it stays as it is.
 */
static bool write_all(const struct image *libc)
{
	size_t size = libc->text_end - libc->text;
	uint64_t mask;
	long r;

	zag_sigmask_set(~UINT64_C(0), &mask);
	r = zag_raw(SYS_mprotect, libc->text, size,
		    libc->text_prot | PROT_WRITE);
	for (int i = 0; r >= 0 && i < jumps.count; i++)
		zag_jump_write(jumps.list[i].from, jumps.list[i].to);
	if (r >= 0)
		zag_raw(SYS_mprotect, libc->text, size, libc->text_prot);
	zag_sigmask_restore(&mask);
	return r >= 0;
}

/* --- whether it can be done --------------------------------------------- */

/* Linux counts the threads among the links of this directory, which is sooner
 * asked than the text with all else that is counted. */
static bool is_alone(void)
{
	struct stat st;

	return !zag_raw(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &st, 0) &&
	       st.st_nlink == 2 + 1;
}

/* The number of kernel threads; 0: it cannot be known. */
static int thread_count(void)
{
	char stat[512];
	long fd = zag_raw(SYS_openat, AT_FDCWD, "/proc/self/stat",
			  O_RDONLY | O_CLOEXEC);
	long n = fd < 0 ? 0 : zag_raw(SYS_read, fd, stat, sizeof(stat) - 1);
	int spaces = 0, threads = 0;
	char *p;

	if (fd >= 0)
		zag_raw(SYS_close, fd);
	stat[zag_max(n, 0)] = '\0';
	p = strrchr(stat, ')'); /* of the command, which may hold anything */
	for (; p && *p && spaces < 18; p++)
		spaces += *p == ' ';
	for (; p && *p >= '0' && *p <= '9'; p++)
		threads = threads * 10 + *p - '0';
	return threads;
}

static const char *redirect(void)
{
	struct image libc = { 0 };

	if (!is_alone() && thread_count() != 1)
		return "another kernel thread may be running in libc";
	if (!find_libc(&libc))
		return "libc is not as it was in 2.36";
	if (!collect(&libc))
		return jumps.why;
	if (!zag_fork_mark())
		return "the kernel clears no page at a fork";
	if (!zag_real_use_calls())
		return "libc lacks a private symbol it had in 2.36";
	return write_all(&libc) ? NULL : "libc's text cannot be written";
}

const char *zag_redirect(void)
{
	static bool tried;
	static const char *why;

	if (tried)
		return why;
	tried = true;
	why = redirect();
	zag_redirected = !why;
	return why;
}
