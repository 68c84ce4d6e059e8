/* SPDX-License-Identifier: BSD-2-Clause */
/* posix_spawn whose child opens a FIFO: others go on, one that writes too. */
#include "check.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define READERS 12

extern char **environ;
static char dir[] = "/tmp/spawn-stuck-XXXXXX";

static void fifo_name(char *path, size_t size, int i)
{
	snprintf(path, size, "%s/%d", dir, i);
}

/* Its standard input or output is the FIFO.  Waits for its end. */
static void run(int i, int fd, int flags, const char *command)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	char path[64];
	int status;
	pid_t pid;

	fifo_name(path, sizeof path, i);
	CHECK_OK(posix_spawn_file_actions_init(&files));
	CHECK_OK(posix_spawn_file_actions_addopen(&files, fd, path, flags, 0));
	CHECK_OK(posix_spawn(&pid, "/bin/sh", &files, NULL, argv, environ));
	CHECK_OK(posix_spawn_file_actions_destroy(&files));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static void *reads(void *arg)
{
	run((int)(long)arg, 0, O_RDONLY, "read x && test $x = hello");
	return arg;
}

int main(void)
{
	pthread_t t[READERS];
	char path[64];

	CHECK(mkdtemp(dir) != NULL);
	for (int i = 0; i < READERS; i++) {
		fifo_name(path, sizeof path, i);
		CHECK_EQ(mkfifo(path, 0600), 0);
	}
	for (long i = 0; i < READERS; i++)
		t[i] = check_spawn(reads, (void *)i);
	check_msleep(50);
	for (int i = READERS - 1; i >= 0; i--)
		run(i, 1, O_WRONLY, "echo hello");
	for (int i = 0; i < READERS; i++) {
		check_join(t[i]);
		fifo_name(path, sizeof path, i);
		CHECK_EQ(unlink(path), 0);
	}
	CHECK_EQ(rmdir(dir), 0);
	puts("each has read its line");
	return 0;
}
