/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fanout: many commands, some at a time, with their output line by line.
 *
 * A worked example for zag.h, of plain blocking code.  A command is a task of
 * one scope, which limits how many run; in a scope of its own one task waits
 * for the process and two read what it writes.  What ends a command early (a
 * signal to us, another that fails, a stall) is a cancellation or a time-out of
 * the one call in which its task waits.
 *
 * Runs under zagrun and without it.  A process that has left its command's
 * process group is out of reach; it is not waited for under zagrun, where
 * reading from it can be cancelled.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zag.h>

#include "fanout.h"

static const char *const outcome_name[OUTCOMES] = { "not started", "ok",
						    "failed", "stalled",
						    "cancelled" };

/* One run of a command.  Its three tasks send to `ends` when they end. */
struct attempt {
	struct command *command;
	pid_t pid;
	int fd[2]; /* what it writes to its standard output and error */
	struct zag_chan *ends;
	int left;	      /* of the three */
	bool stopped;	      /* its process group has been killed */
	_Atomic int64_t last; /* when it has written something, or began */
	int64_t began, spawned;
};

static struct options opt;
static sigset_t stops, old_mask;
static _Atomic int stopped_by; /* a signal */
static pthread_t main_thread;
static struct zag_chan *never; /* nothing is sent */
static struct zag_chan *hurry; /* closed: kill without grace */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static struct timespec at(int64_t ns)
{
	return (struct timespec){ ns / SECOND, ns % SECOND };
}

/* --- output -------------------------------------------------------------- */

/* Whole lines, those of one read together. */
static size_t print_lines(FILE *to, const struct command *c, const char *buf,
			  size_t n, bool all)
{
	const char *p = buf, *end;
	int64_t t = now();

	flockfile(to);
	while (p < buf + n) {
		end = memchr(p, '\n', (size_t)(buf + n - p));
		if (!end && !all)
			break;
		end = end ? end : buf + n;
		if (opt.stamp)
			fprintf(to, "%lld.%06lld ", (long long)(t / SECOND),
				(long long)(t % SECOND / 1000));
		fprintf(to, "%d: %.*s\n", c->number, (int)(end - p), p);
		p = end + 1;
	}
	if (fflush(to) && errno == EPIPE && !zag_check_cancel())
		zag_cancel(main_thread, EPIPE);
	funlockfile(to);
	return p < buf + n ? (size_t)(p - buf) : n;
}

static void read_lines(struct attempt *a, int fd, FILE *to)
{
	char buf[16384];
	size_t used = 0, done;
	ssize_t n;

	for (;;) {
		n = read(fd, buf + used, sizeof(buf) - used);
		if (n <= 0 && !(n < 0 && errno == EINTR))
			break;
		if (n < 0)
			continue;
		atomic_store(&a->last, now());
		used += (size_t)n;
		done = print_lines(to, a->command, buf, used,
				   used == sizeof(buf));
		used -= done;
		memmove(buf, buf + done, used);
	}
	print_lines(to, a->command, buf, used, true);
}

static void say(const struct command *c, const char *format, ...)
{
	va_list args;

	flockfile(stderr);
	fprintf(stderr, "fanout: %d: ", c->number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

/* --- one process --------------------------------------------------------- */

static int read_out(void *arg)
{
	struct attempt *a = arg;

	read_lines(a, a->fd[0], stdout);
	return zag_chan_trysend(a->ends, NULL);
}

static int read_err(void *arg)
{
	struct attempt *a = arg;

	read_lines(a, a->fd[1], stderr);
	return zag_chan_trysend(a->ends, NULL);
}

/* It stays a zombie, and its number its own, until all is over. */
static int wait_end(void *arg)
{
	struct attempt *a = arg;

	while (waitid(P_PID, (id_t)a->pid, &a->command->end,
		      WEXITED | WNOWAIT) &&
	       errno == EINTR)
		;
	return zag_chan_trysend(a->ends, NULL);
}

/* In a process group of its own, with our signals as they were. */
static int spawn(struct attempt *a, int out, int err)
{
	char *argv[] = { (char *)"sh", (char *)"-c", a->command->text, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, err, 2);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
						POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSIGMASK);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &old_mask);
	r = posix_spawn(&a->pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

static int start(struct attempt *a)
{
	int out[2], err[2], r;

	if (pipe2(out, O_CLOEXEC))
		return errno;
	if (pipe2(err, O_CLOEXEC)) {
		r = errno;
		close(out[0]);
		close(out[1]);
		return r;
	}
	r = spawn(a, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	a->fd[0] = out[0];
	a->fd[1] = err[0];
	return r;
}

/* Until all three have ended; ETIMEDOUT, or why we are to end; EPIPE: we are
 * in a hurry. */
static int wait_all(struct attempt *a, int64_t until, struct zag_chan *also)
{
	struct zag_chan_case cases[] = { { a->ends, ZAG_RECV, NULL },
					 { also, ZAG_RECV, NULL } };
	struct timespec ts = at(until);
	int err = 0;

	while (a->left && !err) {
		err = zag_chan_select(cases, 2, until ? &ts : NULL, NULL);
		if (!err)
			a->left--;
	}
	return err;
}

/* Politely, then not. */
static void stop(struct attempt *a, struct zag_scope *s)
{
	zag_shield_enter();
	kill(-a->pid, SIGTERM);
	if (wait_all(a, now() + opt.grace, hurry)) {
		kill(-a->pid, SIGKILL);
		if (wait_all(a, now() + SECOND, NULL))
			zag_scope_cancel(s, ECANCELED); /* others write */
	}
	kill(-a->pid, SIGKILL); /* who has outlived its leader */
	a->stopped = true;
	zag_shield_leave();
}

static enum outcome watch(struct attempt *a, struct zag_scope *s)
{
	int64_t until;
	int err;

	do {
		until = opt.stall ? atomic_load(&a->last) + opt.stall : 0;
		err = wait_all(a, until, NULL);
		if (!err && a->command->end.si_code == CLD_EXITED &&
		    !a->command->end.si_status)
			return OK;
		if (!err)
			return FAILED;
	} while (!zag_check_cancel() &&
		 now() < atomic_load(&a->last) + opt.stall);
	err = zag_check_cancel();
	if (!err)
		say(a->command, "no output for %.3f s",
		    (double)(now() - atomic_load(&a->last)) / (double)SECOND);
	stop(a, s);
	return err ? CANCELLED : STALLED;
}

static void note(const struct attempt *a, enum outcome outcome)
{
	if (opt.log)
		fprintf(opt.log, "%d %d %lld %lld %lld %s\n",
			a->command->number, a->command->attempts,
			(long long)a->began, (long long)a->spawned,
			(long long)now(), outcome_name[outcome]);
}

/* Of a group that we have killed, all: we are their reaper. */
static void reap(const struct attempt *a)
{
	pid_t pid;

	do
		pid = waitpid(a->stopped ? -a->pid : a->pid, NULL, 0);
	while (pid < 0 ? errno == EINTR : a->stopped);
}

static int begin(struct attempt *a, struct zag_scope *s)
{
	int err = zag_scope_spawn(s, wait_end, a);

	err = err ? err : zag_scope_spawn(s, read_out, a);
	return err ? err : zag_scope_spawn(s, read_err, a);
}

/* Reading and waiting go on while we end it: behind a shield we are not
 * cancelled, and so the scope is not. */
static enum outcome follow(struct attempt *a)
{
	struct zag_scope *s = must(zag_scope_open(0));
	enum outcome outcome = FAILED;
	int err;

	zag_shield_enter();
	err = begin(a, s);
	zag_shield_leave();
	if (!err) {
		outcome = watch(a, s);
	} else {
		say(a->command, "%s", strerror(err));
		kill(-a->pid, SIGKILL);
		a->stopped = true;
	}
	zag_shield_enter();
	zag_scope_join(s, NULL);
	reap(a);
	zag_shield_leave();
	return outcome;
}

static enum outcome run_once(struct command *c)
{
	struct attempt a = { .command = c, .fd = { -1, -1 }, .left = 3 };
	enum outcome outcome = FAILED;
	int err;

	a.ends = must(zag_chan_open(0, 3));
	a.began = now();
	err = start(&a);
	a.spawned = now();
	atomic_store(&a.last, a.spawned);
	if (err)
		say(c, "%s", strerror(err));
	else
		outcome = follow(&a);
	close(a.fd[0]);
	close(a.fd[1]);
	zag_chan_free(a.ends);
	note(&a, outcome);
	return outcome;
}

/* --- one command --------------------------------------------------------- */

/* For so long; or not, being cancelled. */
static int rest(int64_t ns)
{
	struct timespec until = at(now() + ns);

	zag_chan_timedrecv(never, NULL, &until);
	return zag_check_cancel();
}

static int run(void *arg)
{
	struct command *c = arg;
	int64_t backoff = opt.backoff;

	while (!zag_check_cancel()) {
		c->attempts++;
		c->outcome = run_once(c);
		if (c->outcome == OK || c->outcome == CANCELLED ||
		    c->attempts > opt.retries)
			break;
		say(c, "%s, again in %.3f s", outcome_name[c->outcome],
		    (double)backoff / (double)SECOND);
		if (rest(backoff)) {
			c->outcome = CANCELLED;
			break;
		}
		backoff *= 2;
	}
	return opt.fail_fast && c->outcome != OK ? EIO : 0;
}

/* --- all of them --------------------------------------------------------- */

/* The first signal cancels, the second kills. */
static void *take_signals(void *arg)
{
	int sig;

	sigwait(&stops, &sig);
	atomic_store(&stopped_by, sig);
	zag_cancel(main_thread, EINTR);
	sigwait(&stops, &sig);
	zag_chan_close(hurry);
	return arg;
}

static void run_all(void)
{
	struct zag_scope *s = must(zag_scope_open(opt.jobs));
	pthread_t taker;
	int err;

	err = pthread_create(&taker, NULL, take_signals, NULL);
	if (err) {
		fprintf(stderr, "fanout: %s\n", strerror(err));
		exit(2);
	}
	for (int i = 0; i < opt.count && !err; i++)
		err = zag_scope_spawn(s, run, &opt.commands[i]);
	zag_scope_join(s, NULL);
	zag_shield_enter(); /* for good: what is left are messages */
	pthread_cancel(taker);
	pthread_join(taker, NULL);
}

static void describe_end(const struct command *c)
{
	fprintf(stderr, "fanout: %d: %s", c->number, outcome_name[c->outcome]);
	if (c->outcome == FAILED && c->end.si_code == CLD_EXITED)
		fprintf(stderr, ", status %d", c->end.si_status);
	else if (c->outcome == FAILED && c->end.si_code)
		fprintf(stderr, ", %s", strsignal(c->end.si_status));
	if (c->attempts > 1)
		fprintf(stderr, ", %d attempts", c->attempts);
	fprintf(stderr, ": %s\n", c->text);
}

static int summarize(int64_t took)
{
	int n[OUTCOMES] = { 0 }, retries = 0;

	for (int i = 0; i < opt.count; i++) {
		n[opt.commands[i].outcome]++;
		if (opt.commands[i].attempts > 1)
			retries += opt.commands[i].attempts - 1;
		if (opt.commands[i].outcome == FAILED ||
		    opt.commands[i].outcome == STALLED)
			describe_end(&opt.commands[i]);
	}
	fprintf(stderr, "fanout: %d commands in %.3f s", opt.count,
		(double)took / (double)SECOND);
	for (int i = 0; i < OUTCOMES; i++)
		if (n[i])
			fprintf(stderr, ", %d %s", n[i], outcome_name[i]);
	fprintf(stderr, ", %d retries\n", retries);
	if (atomic_load(&stopped_by))
		return 128 + atomic_load(&stopped_by);
	return n[OK] == opt.count ? 0 : 1;
}

int main(int argc, char **argv)
{
	int64_t began;

	parse_options(argc, argv, &opt);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stops, &old_mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	main_thread = pthread_self();
	zag_check_cancel(); /* so that we are known */
	never = must(zag_chan_open(0, 0));
	hurry = must(zag_chan_open(0, 0));
	began = now();
	run_all();
	zag_chan_free(never);
	zag_chan_free(hurry);
	return summarize(now() - began);
}
