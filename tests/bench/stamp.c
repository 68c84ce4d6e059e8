/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command for examples/fanout that says what time it is, in ns: when it
 * begins, in -n lines with about -i us between them, and when it ends.
 *
 * -b N: instead, run so many such commands by fork and exec alone, one after
 * the other, and print what that takes: from the call to the first line, and
 * from the last line to the end of waiting, together.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void say_time(void)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%lld\n", (long long)now());

	if (write(1, line, (size_t)n) != n)
		_exit(1);
}

static void talk(int lines, unsigned interval, unsigned seed)
{
	say_time();
	while (lines--) {
		usleep(interval / 2 + (unsigned)rand_r(&seed) % (interval + 1));
		say_time();
	}
}

/* --- fork and exec alone ------------------------------------------------- */

static pid_t spawn(const char *self, int out)
{
	char text[4096];
	char *argv[] = { (char *)"sh", (char *)"-c", text, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;

	snprintf(text, sizeof(text), "exec %s -n 1", self);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	bench_ok("posix_spawn",
		 posix_spawn(&pid, "/bin/sh", &files, NULL, argv, environ));
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

static int64_t run_one(const char *self)
{
	char text[256];
	size_t used = 0;
	int64_t called = now(), begin, end;
	int fd[2];
	ssize_t n;
	pid_t pid;
	char *second;

	if (pipe2(fd, O_CLOEXEC))
		bench_die("pipe2", errno);
	pid = spawn(self, fd[1]);
	close(fd[1]);
	while ((n = read(fd[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd[0]);
	if (waitpid(pid, NULL, 0) != pid)
		bench_die("waitpid", errno);
	text[used] = '\0';
	begin = strtoll(text, &second, 10) - called;
	end = now() - strtoll(second, NULL, 10);
	return begin + end;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void alone(const char *self, int runs)
{
	int64_t *took = calloc((size_t)runs, sizeof(*took));

	if (!took)
		bench_die("calloc", ENOMEM);
	for (int i = 0; i < runs; i++) {
		took[i] = run_one(self);
		usleep(3000);
	}
	qsort(took, (size_t)runs, sizeof(*took), compare);
	bench_print("p50", (double)took[runs / 2] / 1e3, "us");
	bench_print("p99", (double)took[runs * 99 / 100] / 1e3, "us");
	free(took);
}

int main(int argc, char **argv)
{
	int opt, lines = 0, runs = 0;
	unsigned interval = 1000;

	while ((opt = getopt(argc, argv, "n:i:b:")) != -1)
		switch (opt) {
		case 'n':
			lines = atoi(optarg);
			break;
		case 'i':
			interval = (unsigned)atoi(optarg);
			break;
		case 'b':
			runs = atoi(optarg);
			break;
		default:
			return 2;
		}
	if (runs > 0)
		alone(argv[0], runs);
	else
		talk(lines, interval, (unsigned)getpid());
	return 0;
}
