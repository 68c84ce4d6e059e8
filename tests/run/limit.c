/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a test with a time limit: limit SECONDS COMMAND [ARG...].  Exits as
 * the command does (128 + n for signal n), with 124 after printing where each
 * of its threads is if it does not end, and with 123 if it leaves processes
 * behind, unless -k comes first.  LIMIT_SHOW may be a shell command that tells
 * more of the process whose number is $0.  Nothing the command started outlives it.
 * SIGINT and SIGQUIT do what they do by default, also where make is a job in
 * the background of a script.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_LEFT = 123, STATUS_LATE = 124, STATUS_FAILED = 125 };

#define ENDING_S 3 /* what is left behind may take to end */

#define SHOWN_MAX 40

/* One line of a file under /proc, without its newline; "" if none. */
static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static void show_task(pid_t pid, const char *tid)
{
	char path[64], stat[256], wchan[64], syscall[128];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%.12s/stat", pid, tid);
	read_line(path, stat, sizeof(stat));
	snprintf(path, sizeof(path), "/proc/%d/task/%.12s/wchan", pid, tid);
	read_line(path, wchan, sizeof(wchan));
	snprintf(path, sizeof(path), "/proc/%d/task/%.12s/syscall", pid, tid);
	read_line(path, syscall, sizeof(syscall));
	state = strrchr(stat, ')');
	fprintf(stderr, "  %d/%s: state %.1s wchan %s syscall %s\n", pid, tid,
		state && state[1] ? state + 2 : "?", wchan, syscall);
}

/* Calls each() with every task of the process. */
static void each_task(pid_t pid, void (*each)(pid_t pid, const char *tid))
{
	char path[64];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			each(pid, e->d_name);
	if (dir)
		closedir(dir);
}

static int shown; /* tasks of the process */

static void show_some(pid_t pid, const char *tid)
{
	if (shown++ < SHOWN_MAX)
		show_task(pid, tid);
}

static void show_tasks(pid_t pid)
{
	shown = 0;
	each_task(pid, show_some);
	if (shown > SHOWN_MAX)
		fprintf(stderr, "  and %d more\n", shown - SHOWN_MAX);
}

/* What a command tells of the process; it ends by itself. */
static void show_more(pid_t pid)
{
	const char *command = getenv("LIMIT_SHOW");
	char number[12];
	pid_t shell;

	snprintf(number, sizeof(number), "%d", pid);
	shell = command ? fork() : -1;
	if (shell == 0) {
		dup2(2, 1);
		execl("/bin/sh", "sh", "-c", command, number, NULL);
		_exit(127);
	}
	if (shell > 0)
		waitpid(shell, NULL, 0);
}

/* Calls each() with every child that one of a process's tasks has started. */
static int each_child_of(pid_t pid, const char *tid, void (*each)(pid_t))
{
	char path[64], *next, *line = NULL;
	size_t size = 0;
	long child;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%.12s/children", pid, tid);
	f = fopen(path, "re");
	if (f && getline(&line, &size, f) > 0) {
		char *p = line;

		for (; (child = strtol(p, &next, 10)) > 0; p = next, n++)
			if (each)
				each((pid_t)child);
	}
	free(line);
	if (f)
		fclose(f);
	return n;
}

/* Of ours: the command, and its orphans. */
static int each_child(void (*each)(pid_t))
{
	char tid[12];

	snprintf(tid, sizeof(tid), "%d", getpid());
	return each_child_of(getpid(), tid, each);
}

static void show_process(pid_t pid);

static void show_children(pid_t pid, const char *tid)
{
	each_child_of(pid, tid, show_process);
}

static void show_process(pid_t pid)
{
	show_tasks(pid);
	show_more(pid);
	each_task(pid, show_children);
}

static void kill_one(pid_t pid)
{
	kill(pid, SIGKILL);
}

/* Orphans of those killed become our children: again until none is left. */
static void kill_all(void)
{
	while (each_child(kill_one))
		waitpid(-1, NULL, 0);
}

static struct timespec in_seconds(int seconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += seconds;
	return t;
}

/* Waits for a child to end; 0 if the time is over first. */
static int wait_for_end(const struct timespec *end)
{
	struct timespec now, left = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &now);
	left.tv_sec = end->tv_sec - now.tv_sec;
	if (left.tv_sec > 0)
		sigtimedwait(&set, NULL, &left);
	return left.tv_sec > 0;
}

/* Waits for the command, -1 if the time is over first. */
static int wait_until(pid_t pid, const struct timespec *end)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid)
		if (!wait_for_end(end))
			return -1;
	return status;
}

/* How many processes the command has left behind.  One that has told others
 * that it ends may need a moment to. */
static int left_behind(void)
{
	struct timespec end = in_seconds(ENDING_S);

	do {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	} while (each_child(NULL) && wait_for_end(&end));
	return each_child(NULL);
}

static pid_t start(char **command, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	setpgid(0, 0);
	execvp(command[0], command);
	fprintf(stderr, "limit: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
	struct timespec end;
	sigset_t set, old;
	int status, orphans, may_leave;
	pid_t pid;

	may_leave = argc > 1 && !strcmp(argv[1], "-k");
	argc -= may_leave;
	argv += may_leave;
	if (argc < 3)
		return STATUS_FAILED;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	end = in_seconds(atoi(argv[1]));
	pid = start(argv + 2, &old);
	if (pid < 0)
		return STATUS_FAILED;
	status = wait_until(pid, &end);
	if (status == -1) {
		fprintf(stderr, "limit: %s did not end within %s s:\n",
			argv[2], argv[1]);
		each_child(show_process);
		kill_all();
		return STATUS_LATE;
	}
	if (may_leave)
		kill_all();
	orphans = left_behind();
	if (orphans) {
		fprintf(stderr, "limit: left %d processes behind:\n", orphans);
		each_child(show_tasks);
		kill_all();
		return STATUS_LEFT;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}
