/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ends SIGNAL COMMAND...: sends the signal when the command has said "ready",
 * copies what it says, and tells how it has ended, after how long, and how many
 * processes it has left behind; those are killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static pid_t start(char **argv, int *out)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		exit(99);
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL); /* a shell has it ignored */
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[0], argv);
		_exit(99);
	}
	close(ends[1]);
	*out = ends[0];
	return pid;
}

static void wait_ready(FILE *f)
{
	char line[256];

	do {
		if (!fgets(line, sizeof(line), f))
			exit(98);
		fputs(line, stdout);
	} while (strcmp(line, "ready\n"));
}

/* Those whose parent is gone are ours: they live on unless they have ended. */
static int count_orphans(void)
{
	char path[64];
	int n = 0;
	pid_t pid;
	FILE *f;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	while (f && fscanf(f, "%d", &pid) == 1) {
		kill(pid, SIGKILL);
		n++;
	}
	if (f)
		fclose(f);
	return n;
}

/* Its status, or that of a SIGKILL when it goes on for 20 s. */
static int wait_end(pid_t pid)
{
	long limit = now_ms() + 20000;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ms() > limit)
			kill(pid, SIGKILL);
		usleep(1000);
	}
	return status;
}

int main(int argc, char **argv)
{
	char line[256];
	int out, status;
	long since;
	pid_t pid;
	FILE *f;

	if (argc < 3 || prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 99;
	pid = start(argv + 2, &out);
	f = fdopen(out, "r");
	wait_ready(f);
	since = now_ms();
	if (kill(pid, atoi(argv[1])))
		return 99;
	status = wait_end(pid);
	since = now_ms() - since;
	printf("orphans %d\n", count_orphans());
	while (fgets(line, sizeof(line), f))
		fputs(line, stdout);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	fprintf(stderr, "took %ld ms\n", since);
	return 0;
}
