/* SPDX-License-Identifier: BSD-2-Clause */
/* 500 threads wait for a stream that one holds, in fputs and in flockfile. */
#include "batch.h"

#define THREADS 500

static FILE *shared;
static int counter;

static void *writes(void *arg)
{
	long me = (long)arg;

	if (me % 2) {
		CHECK(fputs("line\n", shared) >= 0);
		return NULL;
	}
	flockfile(shared);
	counter++;
	CHECK(fprintf(shared, "%s\n", "line") == 5);
	funlockfile(shared);
	return NULL;
}

static void let_go(void)
{
	CHECK_EQ(counter, 0);
	check_msleep(200);
	CHECK_EQ(counter, 0);
	funlockfile(shared);
}

int main(void)
{
	char line[16];
	int lines = 0;

	shared = tmpfile();
	CHECK(shared != NULL);
	flockfile(shared);
	batch(THREADS, writes, let_go, 5000);
	CHECK_EQ(counter, THREADS / 2);
	rewind(shared);
	while (fgets(line, sizeof line, shared)) {
		CHECK_EQ(strcmp(line, "line\n"), 0);
		lines++;
	}
	printf("%d lines\n", lines);
	return 0;
}
