/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads block on their descriptors while others close different ones. */
#include "io-net.h"

#define READERS 50
#define ROUNDS 300

static int fd[READERS][2];

static void *reads(void *arg)
{
	char c;

	check_read(*(int *)arg, &c, 1);
	CHECK_EQ(c, 'k');
	CHECK_EQ(read(*(int *)arg, &c, 1), 0);
	return NULL;
}

static void *opens_and_closes(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		int p[2], d;

		if (i % 2)
			CHECK_EQ(pipe(p), 0);
		else
			CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
		d = dup(fd[i % READERS][0]);
		CHECK(d >= 0);
		CHECK_EQ(close(p[1]), 0);
		/* Closing a duplicate wakes nobody up. */
		CHECK_EQ(close(d), 0);
		CHECK_EQ(close(p[0]), 0);
		if (i % 16 == 0)
			usleep(50);
	}
	return arg;
}

int main(void)
{
	pthread_t r[READERS], t[4];

	for (int i = 0; i < READERS; i++) {
		if (i % 2)
			CHECK_EQ(pipe(fd[i]), 0);
		else
			CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]),
				 0);
		r[i] = check_spawn(reads, &fd[i][0]);
	}
	for (int i = 0; i < 4; i++)
		t[i] = check_spawn(opens_and_closes, NULL);
	for (int i = 0; i < 4; i++)
		check_join(t[i]);
	for (int i = 0; i < READERS; i++)
		CHECK_RC(pthread_tryjoin_np(r[i], NULL), EBUSY);
	for (int i = 0; i < READERS; i++) {
		check_write(fd[i][1], "k", 1);
		CHECK_EQ(close(fd[i][1]), 0);
	}
	for (int i = 0; i < READERS; i++) {
		check_join(r[i]);
		CHECK_EQ(close(fd[i][0]), 0);
	}
	puts("nobody was disturbed");
	return 0;
}
