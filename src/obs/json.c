/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON emitter without an allocator. */
#include "config.h"

#include "obs/json.h"

#include <string.h>

#include "base/log.h"

void zag_json_init(struct zag_json *j, char *buf, size_t size)
{
	*j = (struct zag_json){ .at = buf, .end = buf + size };
}

static void put(struct zag_json *j, const char *s, size_t n)
{
	if ((size_t)(j->end - j->at) < n) {
		j->overflow = true;
		return;
	}
	memcpy(j->at, s, n);
	j->at += n;
}

static void put_char(struct zag_json *j, char c)
{
	put(j, &c, 1);
}

static void begin(struct zag_json *j, const char *key)
{
	if (j->more)
		put_char(j, ',');
	j->more = true;
	if (!key)
		return;
	put_char(j, '"');
	put(j, key, strlen(key));
	put(j, "\":", 2);
}

void zag_json_open(struct zag_json *j, const char *key, char bracket)
{
	begin(j, key);
	put_char(j, bracket);
	j->more = false;
}

void zag_json_close(struct zag_json *j, char bracket)
{
	put_char(j, bracket);
	j->more = true;
}

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Bytes of the well-formed UTF-8 sequence at s; 0: there is none. */
static size_t sequence(const unsigned char *s, size_t most)
{
	size_t n = s[0] < 0x80	? 1 :
		   s[0] < 0xc2	? 0 :
		   s[0] < 0xe0	? 2 :
		   s[0] < 0xf0	? 3 :
		   s[0] < 0xf5	? 4 :
				  0;

	if (n > most)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_tail(s[i]))
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void put_control(struct zag_json *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char text[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	put(j, text, sizeof(text));
}

void zag_json_strn(struct zag_json *j, const char *key, const char *s,
		   size_t most)
{
	const char *end = s + strnlen(s, most);

	begin(j, key);
	put_char(j, '"');
	while (s < end) {
		unsigned char c = (unsigned char)*s;
		size_t n = sequence((const unsigned char *)s,
				    (size_t)(end - s));

		if (c < 0x20 || c == 0x7f) {
			put_control(j, c);
		} else if (!n) {
			put(j, "\xef\xbf\xbd", 3);
			n = 1;
		} else {
			if (c == '"' || c == '\\')
				put_char(j, '\\');
			put(j, s, n);
		}
		s += n;
	}
	put_char(j, '"');
}

void zag_json_str(struct zag_json *j, const char *key, const char *s)
{
	zag_json_strn(j, key, s, SIZE_MAX / 2);
}

void zag_json_raw(struct zag_json *j, const char *key, const char *text)
{
	begin(j, key);
	put(j, text, strlen(text));
}

void zag_json_uint(struct zag_json *j, const char *key, uint64_t n)
{
	char text[32];

	zag_format(text, sizeof(text), "%lu", n);
	zag_json_raw(j, key, text);
}

void zag_json_int(struct zag_json *j, const char *key, int64_t n)
{
	char text[32];

	zag_format(text, sizeof(text), "%ld", n);
	zag_json_raw(j, key, text);
}

void zag_json_bool(struct zag_json *j, const char *key, bool yes)
{
	zag_json_raw(j, key, yes ? "true" : "false");
}

void zag_json_addr(struct zag_json *j, const char *key, uintptr_t addr)
{
	char text[32];

	zag_format(text, sizeof(text), "\"0x%lx\"", addr);
	zag_json_raw(j, key, text);
}
