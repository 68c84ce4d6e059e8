/* SPDX-License-Identifier: BSD-2-Clause */
/* Any child, a group, a stop: told soon, at no cost, through SIGCHLD or not. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { MANY = 1000, SOME = 200 };

static int go[2];

/* A child that ends with this status when the pipe is closed. */
static pid_t child(int status, int group)
{
	pid_t pid = fork();
	char c;

	CHECK(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		if (group)
			setpgid(0, 0);
		if (read(go[0], &c, 1) != 0)
			_exit(99);
		_exit(status);
	}
	if (group)
		setpgid(pid, pid);
	return pid;
}

static void open_gate(void)
{
	CHECK_EQ(close(go[1]), 0);
	CHECK_EQ(close(go[0]), 0);
	CHECK_EQ(pipe(go), 0);
}

/* Descriptors of pipes, and of processes: nobody has any of those. */
static int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	char to[64];
	ssize_t len;
	int n = 0;

	CHECK(d != NULL);
	while ((e = readdir(d))) {
		len = readlinkat(dirfd(d), e->d_name, to, sizeof to - 1);
		to[len > 0 ? len : 0] = 0;
		CHECK(!strstr(to, "pidfd"));
		n += !strncmp(to, "pipe:", 5);
	}
	CHECK_EQ(closedir(d), 0);
	return n;
}

static void *waits_any(void *arg)
{
	int status;
	pid_t pid = wait(&status);

	CHECK(pid > 0);
	CHECK(WIFEXITED(status));
	__atomic_add_fetch((int *)arg, WEXITSTATUS(status), __ATOMIC_SEQ_CST);
	return NULL;
}

static void *waits_for(void *arg)
{
	int status, fd = open("/dev/null", O_RDONLY);

	CHECK_EQ(waitpid((pid_t)(long)arg, &status, 0), (long)arg);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 7);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

/* As many children, and threads that each wait for any. */
static void many(void)
{
	static pthread_t t[SOME];
	int sum = 0, files = open_files();

	for (int i = 0; i < SOME; i++)
		child(7, 0);
	for (int i = 0; i < SOME; i++)
		t[i] = check_spawn(waits_any, &sum);
	open_gate();
	for (int i = 0; i < SOME; i++)
		check_join(t[i]);
	CHECK_EQ(sum, SOME * 7);
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_EQ(open_files(), files);
}

/* All at once, each waited for by its number. */
static void many_pids(void)
{
	static pthread_t t[MANY];
	static pid_t pid[MANY];
	int files = open_files();

	for (int i = 0; i < MANY; i++)
		pid[i] = child(7, 0);
	for (int i = 0; i < MANY; i++)
		t[i] = check_spawn(waits_for, (void *)(long)pid[i]);
	open_gate();
	for (int i = 0; i < MANY; i++)
		check_join(t[i]);
	CHECK_ERRNO(wait(NULL), ECHILD);
	CHECK_EQ(open_files(), files);
}

/* The numbers that open gives out are the lowest ones, whoever waits. */
static void numbers(void)
{
	int a, b;
	pthread_t t;
	pid_t pid = child(7, 0);

	a = dup(0);
	CHECK_EQ(close(a), 0);
	t = check_spawn(waits_for, (void *)(long)pid);
	check_msleep(20);
	b = dup(0); /* the thread has one open */
	CHECK_EQ(b, a + 1);
	CHECK_EQ(close(b), 0);
	open_gate();
	check_join(t);
}

static long long cpu(void)
{
	return check_now(CLOCK_PROCESS_CPUTIME_ID);
}

struct group {
	pid_t pgid;
	int options, status;
};

static void *waits_group(void *arg)
{
	struct group *g = arg;
	pid_t pid;

	pid = waitpid(-g->pgid, &g->status, g->options);
	CHECK_EQ(pid, g->pgid);
	return NULL;
}

/* Who has ended and is not asked for does not keep who waits awake. */
static void groups(void)
{
	pid_t zombie, other;
	struct group g = { 0 };
	siginfo_t info;
	long long was;
	pthread_t t;

	zombie = child(1, 1);
	open_gate();
	CHECK_EQ(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT), 0);
	other = child(2, 1);
	g.pgid = other;
	t = check_spawn(waits_group, &g);
	was = cpu();
	check_msleep(200);
	CHECK(cpu() - was < 100 * CHECK_MS);
	open_gate();
	check_join(t);
	CHECK_EQ(WEXITSTATUS(g.status), 2);
	CHECK_EQ(wait(NULL), zombie);
}

/* Stopped and continued, each told to the thread that waits for it. */
static void stops(void)
{
	struct group g = { .options = WUNTRACED };
	pthread_t t;

	g.pgid = child(3, 1);
	t = check_spawn(waits_group, &g);
	check_msleep(20);
	CHECK_EQ(kill(g.pgid, SIGSTOP), 0);
	check_join(t);
	CHECK(WIFSTOPPED(g.status));
	g.options = WCONTINUED;
	t = check_spawn(waits_group, &g);
	check_msleep(20);
	CHECK_EQ(kill(g.pgid, SIGCONT), 0);
	check_join(t);
	CHECK(WIFCONTINUED(g.status));
	g.options = WUNTRACED | WCONTINUED;
	t = check_spawn(waits_group, &g);
	check_msleep(20);
	open_gate();
	check_join(t);
	CHECK(WIFEXITED(g.status) && WEXITSTATUS(g.status) == 3);
}

static volatile int seen;

static void on_child(int sig)
{
	int err = errno, status;

	(void)sig;
	while (waitpid(-1, &status, WNOHANG) > 0)
		__atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
	errno = err;
}

static int steps;

static void *waits_in_vain(void *arg)
{
	CHECK_ERRNO(wait(NULL), *(int *)arg);
	__atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* A handler for SIGCHLD reaps; who waits is told that there is none left. */
static void sigchld(void)
{
	int none = ECHILD;
	pthread_t t;

	check_handle(SIGCHLD, on_child, SA_RESTART);
	for (int i = 0; i < 20; i++)
		child(0, 0);
	open_gate();
	while (seen < 20)
		check_msleep(1);
	CHECK_ERRNO(wait(NULL), ECHILD);
	/* Ignored: they are no zombies, and wait returns after the last. */
	check_handle(SIGCHLD, SIG_IGN, 0);
	for (int i = 0; i < 20; i++)
		child(0, 0);
	t = check_spawn(waits_in_vain, &none);
	check_msleep(20);
	open_gate();
	check_join(t);
	check_handle(SIGCHLD, SIG_DFL, 0);
}

static void signals(void)
{
	int interrupted = EINTR, sum = 0;
	pthread_t t;

	check_handle(SIGUSR1, check_ignore, 0);
	check_handle(SIGUSR2, check_ignore, SA_RESTART);
	child(5, 0);
	steps = 0;
	t = check_spawn(waits_in_vain, &interrupted);
	check_kill_until(t, SIGUSR1, &steps, 1);
	check_join(t);
	t = check_spawn(waits_any, &sum);
	check_msleep(20);
	CHECK_OK(pthread_kill(t, SIGUSR2));
	check_msleep(20);
	open_gate();
	check_join(t);
	CHECK_EQ(sum, 5);
}

int main(void)
{
	struct rlimit lim;

	CHECK_EQ(getrlimit(RLIMIT_NPROC, &lim), 0);
	if (lim.rlim_cur < 3 * MANY)
		return CHECK_SKIPPED;
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &lim), 0);
	lim.rlim_cur = lim.rlim_max < 2048 ? lim.rlim_max : 2048;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &lim), 0);
	CHECK_EQ(pipe(go), 0);
	numbers();
	groups();
	stops();
	signals();
	sigchld();
	many();
	many_pids();
	puts("each told once");
	return 0;
}
