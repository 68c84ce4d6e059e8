/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of opt.def: their values, their table, their parser. */
#ifndef ZAG_BASE_OPT_H
#define ZAG_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define ZAG_OPT_STR_SIZE 64
#define ZAG_OPT_FILE_SIZE 256
/* Room for any message of zag_opt_parse and any text of zag_opt_format. */
#define ZAG_OPT_TEXT_SIZE 512

struct zag_opt_log {
	enum zag_log_level level;
	char file[ZAG_OPT_FILE_SIZE]; /* "" is stderr */
};

struct zag_opt_grace {
	uint64_t time;
	bool always;
};

enum zag_opt_type {
	ZAG_OPT_BOOL,
	ZAG_OPT_UINT,
	ZAG_OPT_SIZE,
	ZAG_OPT_TIME,
	ZAG_OPT_STR,
	ZAG_OPT_FILE,
	ZAG_OPT_LOG,
	ZAG_OPT_WORD,
	ZAG_OPT_GRACE,
};

#define ZAG_OPT_FIELD_BOOL(f) bool f
#define ZAG_OPT_FIELD_UINT(f) uint64_t f
#define ZAG_OPT_FIELD_SIZE(f) uint64_t f
#define ZAG_OPT_FIELD_TIME(f) uint64_t f
#define ZAG_OPT_FIELD_STR(f) char f[ZAG_OPT_STR_SIZE]
#define ZAG_OPT_FIELD_FILE(f) char f[ZAG_OPT_FILE_SIZE]
#define ZAG_OPT_FIELD_LOG(f) struct zag_opt_log f
#define ZAG_OPT_FIELD_WORD(f) uint64_t f
#define ZAG_OPT_FIELD_GRACE(f) struct zag_opt_grace f

/* One typed field an option; 0 where the row's `zero` word applies. */
struct zag_opt {
#define ZAG_OPT(field, name, type, def, min, max, zero, unit, arg, key, doc) \
	ZAG_OPT_FIELD_##type(field);
#include "base/opt.def"
#undef ZAG_OPT
};

/* The options in force; the defaults until zag_opt_load. */
extern struct zag_opt zag_opt;
extern const struct zag_opt zag_opt_default;

struct zag_opt_row {
	const char *name; /* "stack-size" */
	const char *arg;  /* its argument's name in help, "" for none */
	const char *doc;
	const char *unit; /* of min and max, "" for none */
	const char *zero; /* the word for 0, or NULL */
	uint64_t min;
	uint64_t max;
	uint16_t offset; /* in struct zag_opt */
	uint8_t type;	 /* enum zag_opt_type */
	char key;
};

extern const struct zag_opt_row zag_opt_table[];
extern const unsigned int zag_opt_count;

/*
 * Nothing below allocates, takes a lock, or uses stdio, errno or the locale.
 * Context of all: any thread, before or after start-up.
 */

/*
 * Reads every ZAG_* entry of an environment into zag_opt.  An unknown name or
 * a bad value is given to warn() as one line without newline, unless ZAG_QUIET
 * is set, and the default holds.  Does nothing under AT_SECURE.
 */
void zag_opt_load(char *const *envp, void (*warn)(const char *line));

/*
 * Parses one value into its field.  Returns 0, or -EINVAL and in why (of
 * ZAG_OPT_TEXT_SIZE) what is wrong and what would be right.
 */
int zag_opt_parse(const struct zag_opt_row *row, const char *text,
		  struct zag_opt *into, char *why);

/* The value of one field, as zag_opt_parse would take it. */
void zag_opt_format(const struct zag_opt_row *row, const struct zag_opt *from,
		    char *text);

/* "stack-size" -> "ZAG_STACK_SIZE"; env has room for ZAG_OPT_STR_SIZE. */
void zag_opt_env_name(const struct zag_opt_row *row, char *env);

/* The row of that name, or NULL; the one with the nearest name, or NULL. */
const struct zag_opt_row *zag_opt_find(const char *name);
const struct zag_opt_row *zag_opt_nearest(const char *name);

#endif
