/* SPDX-License-Identifier: BSD-2-Clause */
/* 200 threads block in fgets on sockets; others go on meanwhile. */
#include "io-net.h"

#include <sys/resource.h>

#define THREADS 200
#define LINES 10

static int fd[THREADS][2];

/* stdio calls read and write inside libc, past any symbol of theirs. */
static void *answers(void *arg)
{
	FILE *f = fdopen(*(int *)arg, "r+");
	char line[256];
	int lines = 0;

	CHECK(f != NULL);
	setvbuf(f, NULL, _IOLBF, 512);
	while (fgets(line, sizeof line, f) != NULL) {
		lines++;
		/* Between reading and writing: a stream wants that. */
		fseek(f, 0, SEEK_CUR);
		CHECK(fprintf(f, "%d:%s", lines, line) > 0);
		CHECK_EQ(fflush(f), 0);
	}
	CHECK(feof(f) && !ferror(f));
	CHECK_EQ(lines, LINES);
	CHECK_EQ(fclose(f), 0);
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	struct rlimit limit;
	char line[64], want[64];

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < THREADS; i++) {
		CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]), 0);
		t[i] = check_spawn(answers, &fd[i][1]);
	}
	check_msleep(20);
	for (int n = 1; n <= LINES; n++) {
		for (int i = 0; i < THREADS; i++) {
			/* In two parts: fgets waits for the end of line. */
			CHECK(dprintf(fd[i][0], "thread ") > 0);
			CHECK(dprintf(fd[i][0], "%d\n", i) > 0);
		}
		for (int i = 0; i < THREADS; i++) {
			int len = snprintf(want, sizeof want,
					   "%d:thread %d\n", n, i);

			check_read(fd[i][0], line, (size_t)len);
			CHECK_EQ(memcmp(line, want, (size_t)len), 0);
		}
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(shutdown(fd[i][0], SHUT_WR), 0);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	printf("%d lines\n", THREADS * LINES);
	return 0;
}
