/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program to be ended from outside:
 *
 *	grace [-w N] [-s N] [-n N] [-f N] [-c N] [-k N] [-l N] [-m WHERE]
 *	      [-h WHAT]
 *
 * -w  threads that wait for a byte       -c  children that end when told
 * -s  threads that run for ever          -k  children that do not
 * -n  threads that make threads          -l  children whose own child lives on
 * -f  threads that make children, whatever happens
 * -m  where main is: joins, sleeps, soon, stdio, loops, mutex, spins, gone
 * -h  its handler of SIGTERM: exits, returns, ignores, waits; to come first
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_int failed, unwound;
static atomic_bool quit;
static volatile unsigned long spun;
static int set_up[2]; /* a byte from each child that is as it is to be */

static void on_unwind(void *arg)
{
	(void)arg;
	unwound++;
}

static void *waits(void *arg)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	pthread_cleanup_push(on_unwind, NULL);
	if (read(pair[0], &byte, 1) < 0 && errno == ECANCELED)
		failed++;
	pthread_cleanup_pop(0);
	close(pair[0]);
	close(pair[1]);
	return arg;
}

static void *spins(void *arg)
{
	for (;;)
		spun++;
	return arg;
}

static void *ends(void *arg)
{
	usleep(100);
	return arg;
}

/* There are new ones all the time. */
static void *makes(void *arg)
{
	pthread_t t;

	while (pthread_create(&t, NULL, ends, NULL) == 0 &&
	       pthread_join(t, NULL) == 0)
		;
	return arg;
}

static void run_child(int c)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, c == 'k' ? SIG_IGN : SIG_DFL);
	if (c == 'l' && fork() == 0)
		signal(SIGTERM, SIG_IGN);
	if (write(set_up[1], "", 1) != 1)
		abort();
	for (;;)
		pause();
}

/* One by fork, one by posix_spawn, and so on. */
static void *makes_children(void *arg)
{
	char *argv[] = { "sleep", "100", NULL };
	pid_t pid;

	for (;;) {
		if (fork() == 0)
			run_child('k');
		posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
		usleep(5000);
	}
	return arg;
}

static pthread_t make(void *(*fn)(void *))
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, NULL))
		abort();
	return t;
}

/* --- main ---------------------------------------------------------------- */

static void say(void)
{
	printf("failed %d, unwound %d\n", failed, unwound);
}

static void exits(int sig)
{
	(void)sig;
	_exit(7);
}

static void returns(int sig)
{
	(void)sig;
	quit = true;
}

static void *waits_for_signal(void *arg)
{
	int sig;

	if (sigwait(arg, &sig) == 0)
		exit(8);
	return NULL;
}

static void handle(const char *what)
{
	static sigset_t set;
	pthread_t t;

	if (!strcmp(what, "exits"))
		signal(SIGTERM, exits);
	else if (!strcmp(what, "returns"))
		signal(SIGTERM, returns);
	else if (!strcmp(what, "ignores"))
		signal(SIGTERM, SIG_IGN);
	if (strcmp(what, "waits"))
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (pthread_create(&t, NULL, waits_for_signal, &set))
		abort();
}

static void stay(const char *where, pthread_t t)
{
	static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		abort();
	if (!strcmp(where, "joins"))
		pthread_join(t, NULL);
	while (!strcmp(where, "sleeps") && !quit && usleep(1000) == 0)
		;
	if (!strcmp(where, "soon"))
		usleep(500000);
	if (!strcmp(where, "stdio")) {
		dup2(pair[0], 0);
		getchar();
	}
	while (!strcmp(where, "loops")) /* come what may */
		if (read(pair[0], &byte, 1) == 0)
			break;
	if (!strcmp(where, "mutex")) {
		pthread_mutex_lock(&m);
		pthread_mutex_lock(&m);
	}
	if (!strcmp(where, "spins"))
		spins(NULL);
	if (!strcmp(where, "gone"))
		pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	const char *where = "joins";
	pthread_t last = pthread_self();
	int c, children = 0;
	char byte;

	if (pipe(set_up))
		abort();
	atexit(say);
	while ((c = getopt(argc, argv, "w:s:n:f:c:k:l:m:h:")) != -1) {
		int n = optarg ? atoi(optarg) : 0;

		if (c == 'm')
			where = optarg;
		else if (c == 'h')
			handle(optarg);
		for (; strchr("ckl", c) && n > 0; n--) {
			children += c == 'l' ? 2 : 1;
			if (fork() == 0)
				run_child(c);
		}
		for (; strchr("wsnf", c) && n > 0; n--)
			last = make(c == 'w' ? waits :
				    c == 's' ? spins :
				    c == 'n' ? makes :
					       makes_children);
	}
	while (children-- > 0)
		if (read(set_up[0], &byte, 1) != 1)
			abort();
	usleep(50000);
	puts("ready");
	fflush(stdout);
	stay(where, last);
	return 3;
}
