/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON into a buffer of fixed size: what does not fit is left out and told.
 *
 * Commas are put where they belong.  Nothing is allocated.  Context: any.
 */
#ifndef ZAG_OBS_JSON_H
#define ZAG_OBS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zag_json {
	char *at, *end;
	bool more;     /* something stands before, on this level */
	bool overflow; /* something did not fit */
};

void zag_json_init(struct zag_json *j, char *buf, size_t size);

/* "{" or "["; key NULL inside an array and at the top.  And its end. */
void zag_json_open(struct zag_json *j, const char *key, char bracket);
void zag_json_close(struct zag_json *j, char bracket);

/* One value; key as above.  Bytes that are no UTF-8 become U+FFFD. */
void zag_json_str(struct zag_json *j, const char *key, const char *s);
void zag_json_strn(struct zag_json *j, const char *key, const char *s,
		   size_t most);
void zag_json_uint(struct zag_json *j, const char *key, uint64_t n);
void zag_json_int(struct zag_json *j, const char *key, int64_t n);
/* A number that is text already. */
void zag_json_raw(struct zag_json *j, const char *key, const char *text);
void zag_json_bool(struct zag_json *j, const char *key, bool yes);
/* An address, as the string "0x7f…"; numbers of 64 bits are not safe. */
void zag_json_addr(struct zag_json *j, const char *key, uintptr_t addr);

#endif
