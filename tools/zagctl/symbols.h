/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for addresses of a process, by its symbols and its debug info. */
#ifndef ZAGCTL_SYMBOLS_H
#define ZAGCTL_SYMBOLS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

struct symbols;

/* Of a process; NULL: its maps cannot be read.  Lasts until freed. */
struct symbols *symbols_of(long pid);
void symbols_free(struct symbols *s);

/* For a session that somebody else has opened (a core file). */
struct symbols *symbols_of_dwfl(Dwfl *dwfl);
Dwfl *symbols_dwfl(struct symbols *s);

/* "main", "serve+0x1f", "httpd+0x1234" (module and offset), or "0x…". */
const char *symbol_name(struct symbols *s, uintptr_t addr, bool offset);

/* "httpd.c:120" of the call that returns to addr; "": not known. */
const char *symbol_line(struct symbols *s, uintptr_t addr);

/* The file that addr is mapped from, without its folder; "": none. */
const char *symbol_module(struct symbols *s, uintptr_t addr);

#endif
