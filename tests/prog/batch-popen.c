/* SPDX-License-Identifier: BSD-2-Clause */
/* 200 threads read from popen, and wait in pclose. */
#include "batch.h"

#include <sys/wait.h>

static void *runs(void *arg)
{
	char command[64], line[64], want[64];
	int me = (int)(long)arg, status;
	FILE *f;

	/* The answer half-way, the end later: fgets waits, then pclose. */
	snprintf(command, sizeof command,
		 "sleep .5; echo from %d; exec >&-; sleep .5; exit 7", me);
	f = popen(command, "r");
	CHECK(f != NULL);
	CHECK(fgets(line, sizeof line, f) != NULL);
	snprintf(want, sizeof want, "from %d\n", me);
	CHECK_EQ(strcmp(line, want), 0);
	CHECK(fgets(line, sizeof line, f) == NULL);
	status = pclose(f);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 7);
	return NULL;
}

int main(void)
{
	batch_raise_limit(RLIMIT_NOFILE);
	batch(200, runs, NULL, 20000);
	puts("200 commands");
	return 0;
}
