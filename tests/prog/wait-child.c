/* SPDX-License-Identifier: BSD-2-Clause */
/* waitpid, wait3, wait4 and waitid from threads: every form and status. */
#include "check.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

extern char **environ;

/* A child, in a process group of its own if group, that ends in this way. */
static pid_t start_in(int group, int status, int sig)
{
	char script[64], *argv[] = { "sh", "-c", script, NULL };
	posix_spawnattr_t a;
	pid_t pid;

	if (sig)
		snprintf(script, sizeof script, "sleep .02; kill -%d $$", sig);
	else
		snprintf(script, sizeof script, "sleep .02; exit %d", status);
	CHECK_OK(posix_spawnattr_init(&a));
	if (group)
		CHECK_OK(posix_spawnattr_setflags(&a,
						  POSIX_SPAWN_SETPGROUP));
	CHECK_OK(posix_spawn(&pid, "/bin/sh", NULL, &a, argv, environ));
	CHECK_OK(posix_spawnattr_destroy(&a));
	return pid;
}

static pid_t start(int status, int sig)
{
	return start_in(0, status, sig);
}

static void check_waitpid(void)
{
	struct rusage usage;
	int status = -1;
	pid_t pid = start(7, 0);

	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
	CHECK_ERRNO(waitpid(pid, &status, WNOHANG), ECHILD);
	CHECK_ERRNO(waitpid(pid, &status, 0x4000), EINVAL);

	pid = start(0, SIGKILL);
	CHECK_EQ(wait4(pid, &status, 0, &usage), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(usage.ru_maxrss > 0);
	pid = start(255, 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* Stopped, continued, killed: each is reported once. */
static void check_stop(void)
{
	char *argv[] = { "sleep", "1000", NULL };
	int status = -1;
	pid_t pid;

	CHECK_OK(posix_spawnp(&pid, "sleep", NULL, NULL, argv, environ));
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	CHECK_EQ(kill(pid, SIGTERM), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void check_waitid(void)
{
	siginfo_t info = { .si_pid = -5 };
	pid_t pid = start(3, 0);
	int fd;

	/* Nothing yet: success, and a process id of 0. */
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	/* WNOWAIT looks and leaves it to be waited for. */
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 3);
	memset(&info, 0, sizeof info);
	CHECK_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_status, 3);
	CHECK_ERRNO(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);

	pid = start(0, SIGKILL);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(fd >= 0);
	CHECK_EQ(waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGKILL);
	CHECK_EQ(close(fd), 0);
	CHECK_ERRNO(waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED),
		    EBADF);
	CHECK_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);
	CHECK_ERRNO(waitid((idtype_t)99, 0, &info, WEXITED), EINVAL);
}

/* Any child, and any child of a process group. */
static void check_any(void)
{
	siginfo_t info;
	int status;
	pid_t pid = start(1, 0);

	CHECK_EQ(wait(&status), pid);
	CHECK_EQ(WEXITSTATUS(status), 1);
	pid = start(2, 0);
	CHECK_EQ(wait3(&status, 0, NULL), pid);
	CHECK_EQ(WEXITSTATUS(status), 2);
	pid = start(3, 0);
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, pid);
	pid = start(4, 0);
	CHECK_EQ(waitpid(0, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 4);
	pid = start_in(1, 5, 0);
	CHECK_EQ(waitpid(-pid, &status, 0), pid);
	pid = start_in(1, 6, 0);
	CHECK_EQ(waitid(P_PGID, (id_t)pid, &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_ERRNO(wait(&status), ECHILD);
	CHECK_ERRNO(waitpid(-1, &status, WNOHANG), ECHILD);
	CHECK_ERRNO(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
}

static void *run(void *arg)
{
	check_waitpid();
	check_stop();
	check_waitid();
	check_any();
	return arg;
}

int main(void)
{
	run(NULL);
	check_join(check_spawn(run, NULL));
	puts("statuses told");
	return 0;
}
