/* SPDX-License-Identifier: BSD-2-Clause */
/* The option table's parser. */
#include "config.h"

#include "base/opt.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static struct zag_opt opt;
static char why[ZAG_OPT_TEXT_SIZE];

static int parse(const char *name, const char *text)
{
	const struct zag_opt_row *row = zag_opt_find(name);

	ck_assert_ptr_nonnull(row);
	return zag_opt_parse(row, text, &opt, why);
}

static void refused(const char *name, const char *text, const char *part)
{
	ck_assert_int_eq(parse(name, text), -EINVAL);
	ck_assert_msg(strstr(why, part), "%s: %s", text, why);
}

START_TEST(numbers)
{
	ck_assert_int_eq(parse("processors", "4"), 0);
	ck_assert_uint_eq(opt.processors, 4);
	ck_assert_int_eq(parse("processors", "auto"), 0);
	ck_assert_uint_eq(opt.processors, 0);
	refused("processors", "0", "least is 1");
	refused("processors", "1025", "most is 1024");
	refused("processors", "99999999999999999999", "most is 1024");
	refused("processors", "-1", "not a number");
	refused("processors", "", "not a number");
	refused("processors", "4k", "not a number");
	refused("processors", " 4", "not a number");
}
END_TEST

START_TEST(sizes)
{
	ck_assert_int_eq(parse("stack-size", "64k"), 0);
	ck_assert_uint_eq(opt.stack_size, 65536);
	ck_assert_int_eq(parse("stack-size", "1M"), 0);
	ck_assert_uint_eq(opt.stack_size, 1 << 20);
	ck_assert_int_eq(parse("stack-size", "20000"), 0);
	ck_assert_uint_eq(opt.stack_size, 20000);
	refused("stack-size", "1k", "least is 16k");
	refused("stack-size", "65g", "most is 64g");
	refused("stack-size", "99999999999g", "most is 64g");
	refused("stack-size", "1kb", "not a size");
	ck_assert_uint_eq(opt.stack_size, 20000);
}
END_TEST

START_TEST(words)
{
	ck_assert_int_eq(parse("quiet", "yes"), 0);
	ck_assert(opt.quiet);
	ck_assert_int_eq(parse("quiet", "OFF"), 0);
	ck_assert(!opt.quiet);
	refused("quiet", "maybe", "neither yes nor no");
	refused("quiet", "", "neither yes nor no");
	ck_assert_int_eq(parse("log", "debug:/tmp/x"), 0);
	ck_assert_int_eq(opt.log.level, ZAG_LOG_DEBUG);
	ck_assert_str_eq(opt.log.file, "/tmp/x");
	refused("log", "warning", "did you mean warn?");
	refused("log", "error:", "no file after");
	refused("name", "0123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789", "too long");
}
END_TEST

START_TEST(grace)
{
	ck_assert_int_eq(parse("grace", "5s"), 0);
	ck_assert_uint_eq(opt.grace.time, 5000000000);
	ck_assert(!opt.grace.always);
	ck_assert_int_eq(parse("grace", "500ms,always"), 0);
	ck_assert_uint_eq(opt.grace.time, 500000000);
	ck_assert(opt.grace.always);
	refused("grace", "5", "not a time");
	refused("grace", "5s,", "not a time");
	refused("grace", "5s,sometimes", "3s,always");
	refused("grace", "always", "not a time");
	refused("grace", "1us", "least is 1ms");
	refused("grace", "10000000000000000000000000000000000s", "not a time");
	ck_assert_uint_eq(opt.grace.time, 500000000);
	ck_assert_int_eq(parse("grace", "off"), 0);
	ck_assert_uint_eq(opt.grace.time, 0);
	ck_assert_int_eq(parse("grace", "2m,always"), 0);
}
END_TEST

/* What is printed is read again as what it was. */
START_TEST(format_is_parsed_back)
{
	struct zag_opt back;
	char text[ZAG_OPT_TEXT_SIZE], again[ZAG_OPT_TEXT_SIZE];

	ck_assert_int_eq(parse("stack-size", "1536k"), 0);
	ck_assert_int_eq(parse("log", "info:/tmp/x"), 0);
	ck_assert_int_eq(parse("grace", "3s,always"), 0);
	for (unsigned int i = 0; i < zag_opt_count; i++) {
		const struct zag_opt_row *row = &zag_opt_table[i];

		zag_opt_format(row, &opt, text);
		ck_assert_msg(!zag_opt_parse(row, text, &back, why), "%s=%s",
			      row->name, text);
		zag_opt_format(row, &back, again);
		ck_assert_str_eq(text, again);
	}
}
END_TEST

START_TEST(the_default_is_what_the_table_says)
{
	char text[ZAG_OPT_TEXT_SIZE];

	zag_opt_format(zag_opt_find("processors"), &zag_opt_default, text);
	ck_assert_str_eq(text, "auto");
	zag_opt_format(zag_opt_find("log"), &zag_opt_default, text);
	ck_assert_str_eq(text, "warn");
}
END_TEST

START_TEST(names)
{
	char env[ZAG_OPT_STR_SIZE];

	zag_opt_env_name(zag_opt_find("stack-size"), env);
	ck_assert_str_eq(env, "ZAG_STACK_SIZE");
	ck_assert_ptr_null(zag_opt_find("stack_size"));
	ck_assert_ptr_eq(zag_opt_nearest("stacksize"),
			 zag_opt_find("stack-size"));
	ck_assert_ptr_eq(zag_opt_nearest("PROCESORS"),
			 zag_opt_find("processors"));
	ck_assert_ptr_null(zag_opt_nearest("entirely-else"));
}
END_TEST

static char lines[4][ZAG_OPT_TEXT_SIZE];
static int line_count;

static void warn(const char *line)
{
	ck_assert_int_lt(line_count, 4);
	strcpy(lines[line_count++], line);
}

START_TEST(environment)
{
	char *env[] = { "HOME=/", "ZAG_PROCESSORS=3", "ZAG_STAK_SIZE=1m",
			"ZAG_STACK_SIZE=lots", "ZAG=1", NULL };

	zag_opt_load(env, warn);
	ck_assert_uint_eq(zag_opt.processors, 3);
	ck_assert_uint_eq(zag_opt.stack_size, zag_opt_default.stack_size);
	ck_assert_int_eq(line_count, 2);
	ck_assert_str_eq(lines[0], "ZAG_STAK_SIZE: no such option; "
				   "did you mean ZAG_STACK_SIZE?");
	ck_assert_ptr_nonnull(strstr(lines[1], "the default holds: auto"));
}
END_TEST

/* Wherever it stands, it holds back what comes before it as well. */
START_TEST(quiet_environment)
{
	char *env[] = { "ZAG_PROCESSORS=many", "ZAG_QUIET=1", NULL };

	zag_opt_load(env, warn);
	ck_assert_int_eq(line_count, 0);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("opt");

	tcase_add_test(c, numbers);
	tcase_add_test(c, sizes);
	tcase_add_test(c, words);
	tcase_add_test(c, grace);
	tcase_add_test(c, format_is_parsed_back);
	tcase_add_test(c, the_default_is_what_the_table_says);
	tcase_add_test(c, names);
	tcase_add_test(c, environment);
	tcase_add_test(c, quiet_environment);
	return unit_run("opt", c);
}
