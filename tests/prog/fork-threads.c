/* SPDX-License-Identifier: BSD-2-Clause */
/* fork in a thread: the child is a copy with that thread alone. */
#include "check.h"

#include <sys/wait.h>

static __thread int number = 1;
static pthread_key_t key;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static char order[8];

static void before(void)
{
	strcat(order, "b");
}

static void in_parent(void)
{
	strcat(order, "p");
}

static void in_child(void)
{
	strcat(order, "c");
}

static void *waits(void *arg)
{
	CHECK_OK(pthread_mutex_lock(&m));
	for (;;)
		pthread_cond_wait(&never, &m);
	return arg;
}

static void *sleeps(void *arg)
{
	for (;;)
		usleep(1000);
	return arg;
}

/* What the forking thread had is there; it may sleep, read and exec. */
static void be_child(pthread_t parent_self)
{
	int fd[2];
	char c = 0;

	CHECK(pthread_equal(pthread_self(), parent_self));
	CHECK_EQ(number, 42);
	CHECK(pthread_getspecific(key) == &key);
	CHECK_EQ(strcmp(order, "bc"), 0);
	CHECK_EQ(usleep(1000), 0);
	CHECK_EQ(pipe(fd), 0);
	check_write(fd[1], "x", 1);
	check_read(fd[0], &c, 1);
	CHECK_EQ(c, 'x');
	free(malloc(1000));
	_exit(42);
}

static void *forks(void *arg)
{
	int status;
	pid_t pid;

	number = 42;
	CHECK_OK(pthread_setspecific(key, &key));
	order[0] = 0;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		be_child(pthread_self());
	CHECK_EQ(strcmp(order, "bp"), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
	return arg;
}

int main(void)
{
	CHECK_OK(pthread_atfork(before, in_parent, in_child));
	CHECK_OK(pthread_key_create(&key, NULL));
	check_spawn(waits, NULL);
	check_spawn(sleeps, NULL);
	check_msleep(20);
	for (int i = 0; i < 10; i++)
		check_join(check_spawn(forks, NULL));
	puts("42");
	return 0;
}
