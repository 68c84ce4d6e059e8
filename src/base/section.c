/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks up sections of an ELF file by pread(2) alone. */
#include "config.h"

#include "base/section.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "base/raw.h"

enum { NAME_MOST = 32 };

static bool get(long fd, void *to, size_t size, uint64_t at)
{
	return zag_raw(SYS_pread64, fd, to, size, at) == (long)size;
}

static bool header(long fd, const Elf64_Ehdr *e, unsigned int i,
		   Elf64_Shdr *s)
{
	return get(fd, s, sizeof(*s), e->e_shoff + i * sizeof(*s));
}

/* The last names of a file may be shorter than what is read. */
static bool is_named(long fd, uint64_t at, const char *name)
{
	char text[NAME_MOST] = "";

	zag_raw(SYS_pread64, fd, text, sizeof(text) - 1, at);
	return !strcmp(text, name);
}

/* The section of that name. */
static bool search(long fd, const char *name, Elf64_Shdr *s)
{
	Elf64_Ehdr e;
	Elf64_Shdr names;
	unsigned int i;

	if (!get(fd, &e, sizeof(e), 0) ||
	    memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e.e_shentsize != sizeof(*s) || e.e_shstrndx >= e.e_shnum ||
	    !header(fd, &e, e.e_shstrndx, &names))
		return false;
	for (i = 1; i < e.e_shnum; i++)
		if (header(fd, &e, i, s) &&
		    is_named(fd, names.sh_offset + s->sh_name, name))
			return true;
	return false;
}

static long open_file(const char *path)
{
	return zag_raw(SYS_openat, AT_FDCWD, path,
		       O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Whether the strings in a section have that one, whole; pieces overlap. */
static bool holds(long fd, const Elf64_Shdr *s, const char *name)
{
	char buf[2048], text[NAME_MOST + 2] = "";
	size_t size = strlen(name) + 2; /* with the zeroes around it */
	uint64_t at = 0;
	long n;

	memcpy(text + 1, name, size - 1);
	while (at < s->sh_size) {
		n = zag_raw(SYS_pread64, fd, buf, sizeof(buf),
			    s->sh_offset + at);
		if (n < (long)size)
			return false;
		if (memmem(buf, (size_t)n, text, size))
			return true;
		at += (uint64_t)n - size + 1;
	}
	return false;
}

/* `string` in that section, or NULL: the section. */
static bool has(const char *path, const char *section, const char *string)
{
	long fd = open_file(path);
	Elf64_Shdr s;
	bool found;

	if (fd < 0)
		return false;
	found = search(fd, section, &s) && (!string || holds(fd, &s, string));
	zag_raw(SYS_close, fd);
	return found;
}

bool zag_has_section(const char *path, const char *name)
{
	return has(path, name, NULL);
}

bool zag_has_dynamic_symbol(const char *path, const char *name)
{
	return strlen(name) < NAME_MOST && has(path, ".dynstr", name);
}
