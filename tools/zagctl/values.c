/* SPDX-License-Identifier: BSD-2-Clause */
/* Values out of JSON, and into text. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "zagctl.h"

uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

uintptr_t address_of(const json_t *object, const char *key)
{
	return strtoul(text_of(object, key), NULL, 16);
}

char *in_time(char *text, uint64_t ns)
{
	if (ns >= 3600 * UINT64_C(1000000000))
		snprintf(text, 32, "%luh%02lum", ns / 3600000000000,
			 ns / 60000000000 % 60);
	else if (ns >= 60 * UINT64_C(1000000000))
		snprintf(text, 32, "%lum%02lus", ns / 60000000000,
			 ns / 1000000000 % 60);
	else if (ns >= 1000000000)
		snprintf(text, 32, "%.1fs", (double)ns / 1e9);
	else if (ns >= 1000000)
		snprintf(text, 32, "%lums", ns / 1000000);
	else
		snprintf(text, 32, "%luus", ns / 1000);
	return text;
}

char *in_bytes(char *text, uint64_t bytes)
{
	if (bytes >= 10 << 20)
		snprintf(text, 32, "%luM", bytes >> 20);
	else if (bytes >= 10 << 10)
		snprintf(text, 32, "%luK", bytes >> 10);
	else
		snprintf(text, 32, "%lu", bytes);
	return text;
}

int print_json(const json_t *value)
{
	if (json_dumpf(value, stdout, JSON_INDENT(2)) || putchar('\n') == EOF)
		return complain(FAILED, "cannot print");
	return DONE;
}
