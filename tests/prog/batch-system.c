/* SPDX-License-Identifier: BSD-2-Clause */
/* 200 threads in system("sleep 1") at once. */
#include "batch.h"

#include <sys/wait.h>

static void *runs(void *arg)
{
	char command[64];
	int want = (int)((long)arg % 100), status;

	snprintf(command, sizeof command, "sleep 1; exit %d", want);
	status = system(command);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), want);
	return NULL;
}

int main(void)
{
	struct sigaction act;

	check_handle(SIGINT, SIG_DFL, 0); /* a background job of a shell has */
	check_handle(SIGQUIT, SIG_DFL, 0); /* them ignored */
	CHECK(system(NULL) != 0);
	batch(200, runs, NULL, 20000);
	/* As it was, now that no thread is in system(). */
	CHECK_EQ(sigaction(SIGINT, NULL, &act), 0);
	CHECK(act.sa_handler == SIG_DFL);
	CHECK_EQ(sigaction(SIGQUIT, NULL, &act), 0);
	CHECK(act.sa_handler == SIG_DFL);
	puts("200 commands");
	return 0;
}
