/* SPDX-License-Identifier: BSD-2-Clause */
/* What every unit test needs: Check, a main, random numbers with a seed. */
#ifndef ZAG_TESTS_UNIT_H
#define ZAG_TESTS_UNIT_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { UNIT_SECONDS = 30 }; /* no test of these takes long */

/* Random numbers that a failure can be repeated with: ZAG_UNIT_SEED. */
static inline uint64_t unit_seed(void)
{
	const char *env = getenv("ZAG_UNIT_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0)
			    : (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();

	printf("# ZAG_UNIT_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed * 2 + 1;
}

static inline uint32_t unit_random(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 16);
}

/* Each test in a process of its own, whatever the environment says. */
static inline int unit_run(const char *name, TCase *cases)
{
	Suite *s = suite_create(name);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(cases, UNIT_SECONDS);
	suite_add_tcase(s, cases);
	srunner_set_fork_status(r, CK_FORK);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
