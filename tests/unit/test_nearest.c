/* SPDX-License-Identifier: BSD-2-Clause */
/* Distances between names. */
#include "config.h"

#include "base/nearest.h"

#include <string.h>

#include "unit.h"

START_TEST(distances)
{
	ck_assert_uint_eq(zag_distance("", ""), 0);
	ck_assert_uint_eq(zag_distance("", "abc"), 3);
	ck_assert_uint_eq(zag_distance("abc", ""), 3);
	ck_assert_uint_eq(zag_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(zag_distance("stack-size", "stack-size"), 0);
	ck_assert_uint_eq(zag_distance("stack-szie", "stack-size"), 1);
	ck_assert_uint_eq(zag_distance("STACK_SIZE", "stack-size"), 0);
	ck_assert_uint_eq(zag_distance("stacksize", "stack-size"), 1);
}
END_TEST

/* d(a,b) = d(b,a), and a change of one letter changes it by one at most. */
START_TEST(it_is_a_metric)
{
	uint64_t seed = unit_seed();
	char a[12], b[12], c[12];

	for (int i = 0; i < 5000; i++) {
		unsigned int ab, bc;

		for (int k = 0; k < 11; k++) {
			a[k] = (char)('a' + unit_random(&seed) % 3);
			b[k] = (char)('a' + unit_random(&seed) % 3);
		}
		a[unit_random(&seed) % 12] = b[unit_random(&seed) % 12] = 0;
		a[11] = b[11] = 0;
		strcpy(c, a);
		if (*c)
			c[unit_random(&seed) % strlen(c)] = 'z';
		ab = zag_distance(a, b);
		bc = zag_distance(c, b);
		ck_assert_uint_eq(ab, zag_distance(b, a));
		ck_assert(ab <= bc + 1 && bc <= ab + 1);
		ck_assert_int_eq(ab == 0, !strcmp(a, b));
	}
}
END_TEST

START_TEST(long_names_are_cut)
{
	char a[300], b[300];

	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[299] = b[299] = '\0';
	b[200] = 'b';
	ck_assert_uint_eq(zag_distance(a, b), 0);
	b[10] = 'b';
	ck_assert_uint_eq(zag_distance(a, b), 1);
	ck_assert_uint_eq(zag_distance(a, ""), ZAG_NEAREST_MAX);
}
END_TEST

START_TEST(near_depends_on_length)
{
	ck_assert(!zag_distance_is_near("x", 1));
	ck_assert(zag_distance_is_near("xy", 1));
	ck_assert(zag_distance_is_near("stack-size", 3));
	ck_assert(!zag_distance_is_near("stack-size", 4));
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("nearest");

	tcase_add_test(c, distances);
	tcase_add_test(c, it_is_a_metric);
	tcase_add_test(c, long_names_are_cut);
	tcase_add_test(c, near_depends_on_length);
	return unit_run("nearest", c);
}
