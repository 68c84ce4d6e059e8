/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What examples/fanout does, by fork and exec alone: one thread that polls.
 *
 * Runs the commands on its standard input, -j at once, and writes what they
 * write and, to -l, when they began and ended, as fanout -t does.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "bench.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

enum { JOBS_MOST = 1000 };

static struct job {
	pid_t pid;
	int number;
	double began, spawned;
} jobs[JOBS_MOST];

static struct pollfd fds[JOBS_MOST]; /* the same index: what it writes */
static int running, started;
static FILE *ends;

static void start(char *text)
{
	char *argv[] = { (char *)"sh", (char *)"-c", text, NULL };
	struct job *j = &jobs[running];
	posix_spawn_file_actions_t files;
	int fd[2];

	j->number = ++started;
	j->began = bench_now();
	if (pipe2(fd, O_CLOEXEC))
		bench_die("pipe2", errno);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd[1], 1);
	bench_ok("posix_spawn", posix_spawn(&j->pid, "/bin/sh", &files, NULL,
					    argv, environ));
	posix_spawn_file_actions_destroy(&files);
	j->spawned = bench_now();
	close(fd[1]);
	fds[running++] = (struct pollfd){ fd[0], POLLIN, 0 };
}

static void end(int i)
{
	int status;

	close(fds[i].fd);
	if (waitpid(jobs[i].pid, &status, 0) != jobs[i].pid)
		bench_die("waitpid", errno);
	fprintf(ends, "%d 1 %.0f %.0f %.0f %s\n", jobs[i].number,
		jobs[i].began * 1e9, jobs[i].spawned * 1e9, bench_now() * 1e9,
		status ? "failed" : "ok");
	jobs[i] = jobs[--running];
	fds[i] = fds[running];
}

/* Lines are written whole. */
static void take(int i)
{
	char text[4096 + 1], *line, *rest = text;
	ssize_t n = read(fds[i].fd, text, sizeof(text) - 1);
	double t = bench_now();

	if (n < 0)
		bench_die("read", errno);
	if (!n) {
		end(i);
		return;
	}
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) && *line)
		printf("%.6f %d: %s\n", t, jobs[i].number, line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int opt, most = 1;
	size_t size = 0;
	char *text = NULL;

	while ((opt = getopt(argc, argv, "j:l:")) != -1)
		if (opt == 'j')
			most = atoi(optarg);
		else if (opt != 'l' || !(ends = fopen(optarg, "w")))
			return 2;
	if (!ends || most < 1 || most > JOBS_MOST)
		return 2;
	do {
		while (running < most && getline(&text, &size, stdin) > 0)
			start(text);
		if (poll(fds, (nfds_t)running, -1) < 0)
			bench_die("poll", errno);
		for (int i = running - 1; i >= 0; i--)
			if (fds[i].revents)
				take(i);
	} while (running);
	free(text);
	return fclose(ends) ? 1 : 0;
}
