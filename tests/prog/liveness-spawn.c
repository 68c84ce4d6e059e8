/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that start programs all the time do not delay the ticks. */
#include "liveness.h"

#include <spawn.h>

#define SPAWNERS 80

extern char **environ;

static void *spawns(void *arg)
{
	char *argv[] = { (char *)"true", NULL };
	int status;
	pid_t pid;

	while (!__atomic_load_n(&live_stop, __ATOMIC_ACQUIRE)) {
		CHECK_OK(posix_spawnp(&pid, "true", NULL, NULL, argv, environ));
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	return arg;
}

int main(void)
{
	pthread_t t[SPAWNERS];

	for (int i = 0; i < SPAWNERS; i++)
		t[i] = check_spawn(spawns, NULL);
	live_run();
	for (int i = 0; i < SPAWNERS; i++)
		check_join(t[i]);
	puts("every tick in time");
	return 0;
}
