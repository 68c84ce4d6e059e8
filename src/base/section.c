/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks up sections of an ELF file by pread(2) alone. */
#include "config.h"

#include "base/section.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>

#include "base/compiler.h"
#include "base/raw.h"

enum { HEADERS = 32, NAMES = 4096 }; /* read at once */

static bool get(long fd, void *to, size_t size, uint64_t at)
{
	return zag_raw(SYS_pread64, fd, to, size, at) == (long)size;
}

/* The names of sections, as far as they fit; zeroes follow. */
static bool get_names(long fd, const Elf64_Ehdr *e, char names[NAMES + 1])
{
	Elf64_Shdr s;
	size_t size;

	if (e->e_shstrndx >= e->e_shnum ||
	    !get(fd, &s, sizeof(s), e->e_shoff + e->e_shstrndx * sizeof(s)))
		return false;
	size = zag_min(s.sh_size, (uint64_t)NAMES);
	memset(names + size, 0, NAMES + 1 - size);
	return get(fd, names, size, s.sh_offset);
}

static bool search(long fd, const char *name)
{
	char names[NAMES + 1];
	Elf64_Shdr s[HEADERS];
	Elf64_Ehdr e;
	size_t n;

	if (!get(fd, &e, sizeof(e), 0) ||
	    memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e.e_shentsize != sizeof(*s) || !get_names(fd, &e, names))
		return false;
	for (size_t at = 0; at < e.e_shnum; at += n) {
		n = zag_min((size_t)HEADERS, (size_t)e.e_shnum - at);
		if (!get(fd, s, n * sizeof(*s), e.e_shoff + at * sizeof(*s)))
			return false;
		for (size_t i = 0; i < n; i++)
			if (s[i].sh_name < NAMES &&
			    !strcmp(names + s[i].sh_name, name))
				return true;
	}
	return false;
}

bool zag_has_section(const char *path, const char *name)
{
	long fd = zag_raw(SYS_openat, AT_FDCWD, path,
			  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool found = fd >= 0 && search(fd, name);

	if (fd >= 0)
		zag_raw(SYS_close, fd);
	return found;
}
