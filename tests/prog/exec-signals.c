/* SPDX-License-Identifier: BSD-2-Clause */
/* What another program gets of a thread's signals: its mask, what is ignored,
 * what is pending; by exec, posix_spawn, system and popen. */
#include "check.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>

extern char **environ;
static char self[4096];

static int is_in(int sig, int pending)
{
	sigset_t set;

	if (pending)
		CHECK_EQ(sigpending(&set), 0);
	else
		CHECK_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	return sigismember(&set, sig);
}

static int is_ignored(int sig)
{
	struct sigaction act;

	CHECK_EQ(sigaction(sig, NULL, &act), 0);
	return act.sa_handler == SIG_IGN;
}

/* The program that is started: tells by its status what it has found. */
static int look(int pending)
{
	CHECK(is_in(SIGUSR1, 0));
	CHECK(!is_in(SIGUSR2, 0));
	CHECK(!is_in(SIGTERM, 0));
	CHECK(is_ignored(SIGHUP));
	CHECK(!is_ignored(SIGUSR1));
	CHECK_EQ(is_in(SIGUSR1, 1), pending);
	CHECK_EQ(is_in(SIGRTMIN, 1), pending);
	return 33;
}

static void wait_for(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
}

static void prepare(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &set, NULL));
}

/* arg: by execveat. */
static void *exec_here(void *arg)
{
	char *args[] = { self, "pending", NULL };

	prepare();
	CHECK_OK(pthread_kill(pthread_self(), SIGUSR1));
	CHECK_EQ(kill(getpid(), SIGRTMIN), 0);
	CHECK_ERRNO(execv("/nowhere", args), ENOENT);
	CHECK(is_in(SIGUSR1, 1) && is_in(SIGRTMIN, 1)); /* still */
	if (arg)
		execveat(AT_FDCWD, self, args, environ, 0);
	else
		execv(self, args);
	check_fail("exec: errno %d", errno);
	return NULL;
}

static void handler(int sig)
{
	check_fail("handler of %d", sig);
}

static void *idle(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &all, NULL));
	for (;;)
		pause();
	return arg;
}

/* From main or from another thread, while there are others. */
static void check_exec(int in_thread, void *by_execveat)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		prepare(); /* or main would take what is for the process */
		check_spawn(idle, NULL);
		if (in_thread)
			check_join(check_spawn(exec_here, by_execveat));
		exec_here(by_execveat);
	}
	wait_for(pid);
}

static void check_spawn_file(void)
{
	char *args[] = { self, "none", NULL };
	pid_t pid;

	CHECK_OK(posix_spawn(&pid, self, NULL, NULL, args, environ));
	wait_for(pid);
	pid = vfork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execv(self, args);
		_exit(127);
	}
	wait_for(pid);
}

/* A child in our memory, which leaves us as we are. */
static int exec_in_child(void *arg)
{
	char *args[] = { self, "none", NULL };

	if (arg)
		execv("/nowhere", args);
	execv(self, args);
	_exit(127);
}

static void check_clone(void)
{
	static const struct timespec now;
	char *stack = malloc(64 * 1024);
	sigset_t set;

	CHECK(stack);
	CHECK_OK(pthread_kill(pthread_self(), SIGUSR1));
	for (int i = 0; i < 2; i++)
		wait_for(clone(exec_in_child, stack + 64 * 1024,
			       CLONE_VM | CLONE_VFORK | SIGCHLD,
			       i ? self : NULL));
	free(stack);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK_EQ(sigtimedwait(&set, NULL, &now), SIGUSR1); /* it still is */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(pthread_kill(pthread_self(), SIGTERM));
	CHECK_EQ(sigtimedwait(&set, NULL, &now), SIGTERM);
	CHECK_OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
}

static void check_shell(void)
{
	char command[5000];
	int status;
	FILE *f;

	snprintf(command, sizeof command, "exec '%s' none", self);
	status = system(command);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
	f = popen(command, "r");
	CHECK(f);
	status = pclose(f);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
}

static void *run(void *arg)
{
	prepare();
	for (int i = 0; i < 5; i++) {
		check_exec(i & 1, i & 2 ? self : NULL);
		check_spawn_file();
		check_clone();
		check_shell();
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = handler };
	pthread_t t[4];
	int i;

	if (argc > 1)
		return look(!strcmp(argv[1], "pending"));
	CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	CHECK_EQ(sigaction(SIGUSR1, &act, NULL), 0);
	CHECK_EQ(sigaction(SIGRTMIN, &act, NULL), 0);
	act.sa_handler = SIG_IGN;
	CHECK_EQ(sigaction(SIGHUP, &act, NULL), 0);
	run(NULL);
	for (i = 0; i < 4; i++)
		t[i] = check_spawn(run, NULL);
	for (i = 0; i < 4; i++)
		check_join(t[i]);
	puts("signals passed on");
	return 0;
}
