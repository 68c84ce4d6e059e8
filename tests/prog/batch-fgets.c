/* SPDX-License-Identifier: BSD-2-Clause */
/* 1,000 threads block in fgets, 200 in getline and fread, on sockets. */
#include "batch.h"

#include <sys/socket.h>

#define THREADS 1000

static int fd[THREADS][2];

static void reads_one(FILE *f, int i)
{
	char *line = NULL, buf[16];
	size_t size = 0;

	switch (i % 10) {
	case 0:
		CHECK_EQ(getline(&line, &size, f), 6);
		CHECK_EQ(strcmp(line, "hello\n"), 0);
		free(line);
		break;
	case 1:
		CHECK_EQ(fread(buf, 1, 6, f), 6);
		CHECK_EQ(memcmp(buf, "hello\n", 6), 0);
		break;
	default:
		CHECK(fgets(buf, sizeof buf, f) != NULL);
		CHECK_EQ(strcmp(buf, "hello\n"), 0);
	}
}

static void *reads(void *arg)
{
	int i = (int)(long)arg;
	FILE *f = fdopen(fd[i][1], "r");

	CHECK(f != NULL);
	reads_one(f, i);
	CHECK_EQ(fgetc(f), EOF);
	CHECK_EQ(fclose(f), 0);
	return NULL;
}

static void sends(void)
{
	for (int i = 0; i < THREADS; i++) {
		check_write(fd[i][0], "hel", 3);
		check_write(fd[i][0], "lo\n", 3);
		CHECK_EQ(close(fd[i][0]), 0);
	}
}

int main(void)
{
	batch_raise_limit(RLIMIT_NOFILE);
	for (int i = 0; i < THREADS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]) < 0) {
			dprintf(2, "no room for %d sockets\n", 2 * THREADS);
			return CHECK_SKIPPED;
		}
	batch(THREADS, reads, sends, 5000);
	printf("%d lines\n", THREADS);
	return 0;
}
