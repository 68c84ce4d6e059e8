/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose a descriptor is, while numbers change hands all the time. */
#include "config.h"

#include "base/ownfd.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "unit.h"

enum { ROUNDS = 100000 };

static _Atomic bool over;

/* What is ours stays so until it is closed. */
static void *has_some(void *wrong)
{
	while (!over) {
		int fd = zag_ownfd_copy(0);

		if (fd < ZAG_OWNFD_LEAST || !zag_ownfd((unsigned)fd))
			++*(int *)wrong;
		zag_ownfd_close(fd);
	}
	return NULL;
}

/* Each number that a program gets is its own, though it was ours just now. */
START_TEST(numbers_change_hands)
{
	pthread_t t[2];
	int wrong[2] = { 0 }, not_ours = 0;

	over = false;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, has_some,
						&wrong[i]), 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = fcntl(0, F_DUPFD, ZAG_OWNFD_LEAST);

		not_ours += zag_ownfd((unsigned)fd);
		close(fd);
	}
	over = true;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	ck_assert_int_eq(not_ours, 0);
	ck_assert_int_eq(wrong[0] + wrong[1], 0);
}
END_TEST

START_TEST(moved_ones_are_ours)
{
	int low = dup(0), fd = zag_ownfd_move(low), ends[2];

	ck_assert_int_ge(fd, ZAG_OWNFD_LEAST);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(low, F_GETFD), -1);
	ck_assert(zag_ownfd((unsigned)fd) && !zag_ownfd((unsigned)low));
	zag_ownfd_close(fd);
	ck_assert(!zag_ownfd((unsigned)fd));
	ck_assert(zag_ownfd_pipe(ends));
	ck_assert(zag_ownfd((unsigned)ends[0]) && zag_ownfd((unsigned)ends[1]));
	zag_ownfd_reset();
	ck_assert(!zag_ownfd((unsigned)ends[0]));
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("ownfd");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, numbers_change_hands);
	tcase_add_test(c, moved_ones_are_ours);
	return unit_run("ownfd", c);
}
