/* SPDX-License-Identifier: BSD-2-Clause */
/* Children of _Fork and clone, and of the system calls, block as any process
 * does. */
#include "check.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 8
#define STACK (64 * 1024)

static atomic_int stop;

static int live(void *arg)
{
	struct timespec ts = { 0, CHECK_MS };
	int fds[2], status;
	struct pollfd p;
	char c;
	pid_t pid;

	if (pipe(fds))
		return 1;
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	if (nanosleep(&ts, NULL) || poll(&p, 1, 2) || write(fds[1], "x", 1) != 1)
		return 2;
	if (poll(&p, 1, -1) != 1 || read(fds[0], &c, 1) != 1 || c != 'x')
		return 3;
	if (sigprocmask(SIG_SETMASK, NULL, NULL) || raise(0))
		return 4;
	pid = _Fork();
	if (pid == 0)
		_exit(nanosleep(&ts, NULL) ? 1 : 7);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 7)
		return 5;
	return *(int *)arg;
}

static pid_t raw_clone(unsigned long flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

#ifdef SYS_clone3
	if (flags & CLONE_FS)
		return (pid_t)syscall(SYS_clone3, &args, sizeof args);
#endif
	return (pid_t)syscall(SYS_clone, flags | args.exit_signal, 0, 0, 0, 0);
}

static void wait_for(pid_t pid, int want)
{
	int status;

	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != want)
		check_fail("status %#x, not %d", status, want);
}

static void *run(void *arg)
{
	char *stack = malloc(STACK);
	int want = 20 + (int)(pthread_self() % 50);

	CHECK(stack);
	for (int i = 0; i < 10; i++) {
		pid_t pid = _Fork();

		if (pid == 0)
			_exit(live(&want));
		wait_for(pid, want);
		pid = clone(live, stack + STACK, SIGCHLD, &want);
		wait_for(pid, want);
		for (int form = 0; form < 3; form++) {
			pid = raw_clone((unsigned[]){ 0, CLONE_FS,
						      CLONE_SYSVSEM }[form]);
			if (pid == 0)
				_exit(live(&want));
			wait_for(pid, want);
		}
	}
	free(stack);
	return arg;
}

static void *disturb(void *arg)
{
	while (!atomic_load(&stop))
		check_msleep(1);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], d = check_spawn(disturb, NULL);
	int i;

	for (i = 0; i < THREADS; i++)
		t[i] = check_spawn(run, NULL);
	run(NULL);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	atomic_store(&stop, 1);
	check_join(d);
	puts("children lived");
	return 0;
}
