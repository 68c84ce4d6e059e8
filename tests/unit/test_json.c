/* SPDX-License-Identifier: BSD-2-Clause */
/* The JSON emitter: commas, escapes, and what does not fit. */
#include "config.h"

#include "obs/json.h"

#include <string.h>

#include "unit.h"

static char buf[256];
static struct zag_json j;

static void begin(void)
{
	memset(buf, 0, sizeof(buf));
	zag_json_init(&j, buf, sizeof(buf) - 1);
}

START_TEST(commas_are_put_where_they_belong)
{
	begin();
	zag_json_open(&j, NULL, '{');
	zag_json_uint(&j, "a", 1);
	zag_json_open(&j, "b", '[');
	zag_json_close(&j, ']');
	zag_json_open(&j, "c", '[');
	zag_json_int(&j, NULL, -2);
	zag_json_open(&j, NULL, '{');
	zag_json_bool(&j, "d", true);
	zag_json_close(&j, '}');
	zag_json_addr(&j, NULL, 0xabc);
	zag_json_close(&j, ']');
	zag_json_raw(&j, "e", "1.500");
	zag_json_close(&j, '}');
	ck_assert_str_eq(buf, "{\"a\":1,\"b\":[],\"c\":[-2,{\"d\":true},"
			      "\"0xabc\"],\"e\":1.500}");
	ck_assert(!j.overflow);
}
END_TEST

static const struct {
	const char *text, *json;
} strings[] = {
	{ "", "\"\"" },
	{ "plain", "\"plain\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "tab\there\n", "\"tab\\u0009here\\u000a\"" },
	{ "\x7f", "\"\\u007f\"" },
	{ "\xc3\xa9", "\"\xc3\xa9\"" },
	{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
	{ "\xff", "\"\xef\xbf\xbd\"" },
	{ "\xc3", "\"\xef\xbf\xbd\"" },
	{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xe2\x82x", "\"\xef\xbf\xbd\xef\xbf\xbdx\"" },
};

START_TEST(strings_are_utf8_and_escaped)
{
	begin();
	zag_json_str(&j, NULL, strings[_i].text);
	ck_assert_str_eq(buf, strings[_i].json);
}
END_TEST

START_TEST(a_name_may_have_no_end)
{
	static const char name[4] = { 'a', 'b', 'c', 'd' };

	begin();
	zag_json_strn(&j, NULL, name, sizeof(name));
	ck_assert_str_eq(buf, "\"abcd\"");
}
END_TEST

START_TEST(what_does_not_fit_is_told)
{
	char small[8];

	for (size_t size = 0; size < sizeof(small); size++) {
		memset(small, '#', sizeof(small));
		zag_json_init(&j, small, size);
		zag_json_str(&j, "key", "value");
		ck_assert(j.overflow);
		ck_assert(j.at <= small + size);
		for (size_t i = size; i < sizeof(small); i++)
			ck_assert_int_eq(small[i], '#');
	}
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("json");

	tcase_add_test(c, commas_are_put_where_they_belong);
	tcase_add_loop_test(c, strings_are_utf8_and_escaped, 0,
			    sizeof(strings) / sizeof(strings[0]));
	tcase_add_test(c, a_name_may_have_no_end);
	tcase_add_test(c, what_does_not_fit_is_told);
	return unit_run("json", c);
}
