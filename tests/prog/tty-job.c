/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Job control: what a thread in the background does to its terminal stops the
 * process, unless the thread blocks the signal or the process ignores or
 * handles it.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static int tty;
static struct termios setting;
static volatile sig_atomic_t came;

static long reads(void)
{
	char c;

	return read(tty, &c, 1);
}

static long writes(void)
{
	return write(tty, "x", 1) == 1 ? 0 : -1;
}

static long sets(void)
{
	return tcsetattr(tty, TCSANOW, &setting);
}

static long sets_later(void)
{
	return tcsetattr(tty, TCSADRAIN, &setting);
}

static long takes(void)
{
	long r = tcsetpgrp(tty, getpgrp());

	if (r == 0) /* for the next one */
		tcsetpgrp(tty, getppid());
	return r;
}

static long drains(void)
{
	return tcdrain(tty);
}

static long flushes(void)
{
	return tcflush(tty, TCIFLUSH);
}

static long breaks(void)
{
	return tcsendbreak(tty, 0);
}

static long goes_on(void)
{
	return tcflow(tty, TCOON);
}

static const struct {
	long (*call)(void);
	int sig;
} calls[] = {
	{ reads, SIGTTIN },	  { writes, SIGTTOU },	{ sets, SIGTTOU },
	{ sets_later, SIGTTOU },  { takes, SIGTTOU },	{ drains, SIGTTOU },
	{ flushes, SIGTTOU },	  { breaks, SIGTTOU },	{ goes_on, SIGTTOU },
};

enum { CALLS = sizeof calls / sizeof calls[0] };

/* A reader gets an error, the others do what they like. */
static void let_through(void)
{
	for (int i = 0; i < CALLS; i++) {
		if (calls[i].sig == SIGTTIN)
			CHECK_ERRNO(calls[i].call(), EIO);
		else
			CHECK_EQ(calls[i].call(), 0);
	}
}

static void note(int sig)
{
	came = sig;
}

static void *passes(void *arg)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTTIN);
	sigaddset(&set, SIGTTOU);
	CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, &old));
	let_through();
	CHECK_OK(pthread_sigmask(SIG_SETMASK, &old, NULL));
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	let_through();
	return arg;
}

static void *interrupted(void *arg)
{
	check_handle(SIGTTIN, note, 0);
	check_handle(SIGTTOU, note, 0);
	for (int i = 0; i < CALLS; i++) {
		came = 0;
		CHECK_ERRNO(calls[i].call(), EINTR);
		CHECK_EQ(came, calls[i].sig);
	}
	return arg;
}

static volatile int the_call;

static void *makes_one(void *arg)
{
	CHECK_EQ(calls[the_call].call(), calls[the_call].sig == SIGTTIN);
	return arg;
}

/* As a shell starts a job in the background. */
static pid_t start(void *(*fn)(void *))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(setpgid(0, 0), 0);
		/* The signal is for the process: main leaves it to the thread,
		 * whose call it is to end. */
		if (fn == interrupted) {
			sigset_t set;
			pthread_t t = check_spawn(fn, NULL);

			sigfillset(&set);
			CHECK_OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
			check_join(t);
		} else {
			check_join(check_spawn(fn, NULL));
		}
		_exit(0);
	}
	return pid;
}

static void run(void *(*fn)(void *))
{
	int status;
	pid_t pid = start(fn);

	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

/* It is stopped, goes on when it is in the foreground, and ends. */
static void stopped_by(int master, int i)
{
	int status;
	pid_t pid;

	the_call = i;
	pid = start(makes_one);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), calls[i].sig);
	CHECK_EQ(tcsetpgrp(tty, pid), 0);
	CHECK_EQ(kill(-pid, SIGCONT), 0);
	if (calls[i].sig == SIGTTIN)
		check_write(master, "y", 1);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	signal(SIGTTOU, SIG_IGN);
	CHECK_EQ(tcsetpgrp(tty, getpgrp()), 0);
	signal(SIGTTOU, SIG_DFL);
}

/* The leader of the terminal's session, as a shell is. */
static void lead(int master, const char *name)
{
	CHECK(setsid() >= 0);
	tty = open(name, O_RDWR);
	CHECK(tty >= 0);
	CHECK_EQ(tcgetattr(tty, &setting), 0);
	cfmakeraw(&setting);
	setting.c_lflag |= TOSTOP;
	CHECK_EQ(tcsetattr(tty, TCSANOW, &setting), 0);
	run(passes);
	run(interrupted);
	for (int i = 0; i < CALLS; i++)
		stopped_by(master, i);
	_exit(0);
}

int main(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), status;
	const char *name;
	pid_t pid;

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return CHECK_SKIPPED;
	name = ptsname(master);
	CHECK(name != NULL);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		lead(master, name);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
	return 0;
}
