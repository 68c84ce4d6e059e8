/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages on standard error, a line each: "zagshim[PID]: text".
 *
 * Formats know %s %d %u %x %p %c and %ld/%lu only: no stdio, no locale, no malloc.
 * Context: any, async-signal too.
 */
#ifndef ZAG_BASE_LOG_H
#define ZAG_BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

enum zag_log_level {
	ZAG_LOG_ERROR,
	ZAG_LOG_WARN,
	ZAG_LOG_INFO,
	ZAG_LOG_DEBUG,
};

/* What is written: level and descriptor; set once by init.c. */
extern int zag_log_level;
extern int zag_log_fd;
extern const char *zag_log_name; /* stands before the pid; NULL: none */

void zag_log(enum zag_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* As snprintf for the formats above; returns the length written. */
size_t zag_format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t zag_vformat(char *buf, size_t size, const char *fmt, va_list ap);

/* A broken invariant: say where, and abort. */
void zag_bug(const char *what, const char *file, int line)
	__attribute__((noreturn, cold));

#define ZAG_BUG_ON(cond)                                        \
	do {                                                    \
		if (zag_unlikely(cond))                         \
			zag_bug(#cond, __FILE__, __LINE__);     \
	} while (0)

#endif
