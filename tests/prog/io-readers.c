/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads in read and in write on one pipe: each byte read once. */
#include "check.h"

#include <stdint.h>
#include <sys/socket.h>

#define SIDE 8
#define WORDS 5000

static int fd[2];
static unsigned char seen[SIDE * WORDS];

static void *writes(void *arg)
{
	uint32_t first = (uint32_t)(long)arg * WORDS;

	for (uint32_t i = first; i < first + WORDS; i++)
		CHECK_EQ(write(fd[1], &i, sizeof i), sizeof i);
	return NULL;
}

/* Words are written whole, so that reads of words stay in step. */
static void *reads(void *arg)
{
	uint32_t word;
	ssize_t n;

	while ((n = read(fd[0], &word, sizeof word)) > 0) {
		CHECK_EQ(n, sizeof word);
		CHECK(word < SIDE * WORDS);
		__atomic_fetch_add(&seen[word], 1, __ATOMIC_RELAXED);
	}
	CHECK_EQ(n, 0);
	return arg;
}

static void run(void)
{
	pthread_t r[SIDE], w[SIDE];

	memset(seen, 0, sizeof seen);
	for (int i = 0; i < SIDE; i++)
		r[i] = check_spawn(reads, NULL);
	check_msleep(10);
	for (long i = 0; i < SIDE; i++)
		w[i] = check_spawn(writes, (void *)i);
	for (int i = 0; i < SIDE; i++)
		check_join(w[i]);
	/* The end of file reaches every one of them. */
	CHECK_EQ(close(fd[1]), 0);
	for (int i = 0; i < SIDE; i++)
		check_join(r[i]);
	CHECK_EQ(close(fd[0]), 0);
	for (int i = 0; i < SIDE * WORDS; i++)
		CHECK_EQ(seen[i], 1);
}

int main(void)
{
	CHECK_EQ(pipe(fd), 0);
	run();
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	run();
	printf("%d words, once each\n", SIDE * WORDS);
	return 0;
}
