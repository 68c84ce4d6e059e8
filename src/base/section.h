/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks up sections of an ELF file, read with distrust. */
#ifndef ZAG_BASE_SECTION_H
#define ZAG_BASE_SECTION_H

#include <stdbool.h>

/* Whether the 64-bit ELF file of this machine at `path` has a section of that
 * name (among the first 4 KB of names).  Any thread. */
bool zag_has_section(const char *path, const char *name);

/* The name of the section that every program the Go linker made has. */
#define ZAG_SECTION_GO ".go.buildinfo"

#endif
