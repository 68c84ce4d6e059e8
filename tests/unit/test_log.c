/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting and messages. */
#include "config.h"

#include "base/log.h"

#include <limits.h>
#include <signal.h>
#include <string.h>

#include "unit.h"

#define CHECK(want, ...)                                          \
	do {                                                      \
		char buf_[256];                                   \
		size_t n_ = zag_format(buf_, 256, __VA_ARGS__);   \
		ck_assert_str_eq(buf_, want);                     \
		ck_assert_uint_eq(n_, strlen(want));              \
	} while (0)

START_TEST(formats)
{
	CHECK("plain", "plain");
	CHECK("a b", "%s %s", "a", "b");
	CHECK("x", "%c", 'x');
	CHECK("0 -1 2147483647 -2147483648", "%d %d %d %d", 0, -1, INT_MAX,
	      INT_MIN);
	CHECK("4294967295", "%u", UINT_MAX);
	CHECK("deadbeef", "%x", 0xdeadbeefU);
	CHECK("-9223372036854775808", "%ld", LONG_MIN);
	CHECK("18446744073709551615", "%lu", ULONG_MAX);
	CHECK("ffffffffffffffff", "%lx", ULONG_MAX);
	CHECK("0x1000", "%p", (void *)0x1000);
	CHECK("0x0", "%p", NULL);
	CHECK("100%", "%d%%", 100);
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
	char buf[8] = "1234567";

	ck_assert_uint_eq(zag_format(buf, 4, "%s", "abcdef"), 3);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(buf[4], '5');
	ck_assert_uint_eq(zag_format(buf, 1, "%d", 7), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_uint_eq(zag_format(buf, 4, "%d", -12345), 3);
	ck_assert_str_eq(buf, "-12");
}
END_TEST

/* What one message leaves on the log's descriptor. */
static size_t logged(char *buf, size_t size, enum zag_log_level level,
		     const char *text)
{
	int fd[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fd), 0);
	zag_log_fd = fd[1];
	zag_log(level, "%s", text);
	close(fd[1]);
	n = read(fd[0], buf, size - 1);
	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	close(fd[0]);
	return (size_t)n;
}

START_TEST(a_message_is_a_line)
{
	char buf[2000], want[100];

	snprintf(want, sizeof(want), "zagshim[%d]: hello\n", (int)getpid());
	logged(buf, sizeof(buf), ZAG_LOG_WARN, "hello");
	ck_assert_str_eq(buf, want);
}
END_TEST

START_TEST(levels_hold_back)
{
	char buf[2000];

	zag_log_level = ZAG_LOG_ERROR;
	ck_assert_uint_eq(logged(buf, 2000, ZAG_LOG_WARN, "x"), 0);
	ck_assert_uint_gt(logged(buf, 2000, ZAG_LOG_ERROR, "x"), 0);
	zag_log_level = ZAG_LOG_DEBUG;
	ck_assert_uint_gt(logged(buf, 2000, ZAG_LOG_DEBUG, "x"), 0);
}
END_TEST

START_TEST(a_long_message_is_still_a_line)
{
	char text[1000], buf[2000];
	size_t n;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	n = logged(buf, sizeof(buf), ZAG_LOG_ERROR, text);
	ck_assert_uint_le(n, 512);
	ck_assert_uint_gt(n, 400);
	ck_assert_int_eq(buf[n - 1], '\n');
	ck_assert_ptr_eq(strchr(buf, '\n'), buf + n - 1);
}
END_TEST

START_TEST(a_bug_ends_the_process)
{
	zag_log_level = -1;
	ZAG_BUG_ON(1 + 1 == 3);
	ZAG_BUG_ON(1 + 1 == 2);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("log");

	tcase_add_test(c, formats);
	tcase_add_test(c, what_is_too_long_is_cut);
	tcase_add_test(c, a_message_is_a_line);
	tcase_add_test(c, levels_hold_back);
	tcase_add_test(c, a_long_message_is_still_a_line);
#if defined(__x86_64__)
	tcase_add_test_raise_signal(c, a_bug_ends_the_process, SIGILL);
#else
	tcase_add_test_raise_signal(c, a_bug_ends_the_process, SIGTRAP);
#endif
	return unit_run("log", c);
}
