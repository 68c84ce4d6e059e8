/* SPDX-License-Identifier: BSD-2-Clause */
/* 50 threads fork at once; each child creates threads, and forks again. */
#include "check.h"

#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 50
#define ROUNDS 2
#define CHILDREN 4

static pthread_barrier_t barrier;
static atomic_int stop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

/* Takes turns with the others. */
static void *take_turns(void *arg)
{
	int mine = *(int *)arg;

	free(malloc(1000));
	for (int i = 0; i < 5; i++) {
		CHECK_OK(pthread_mutex_lock(&lock));
		while (turn % CHILDREN != mine)
			CHECK_OK(pthread_cond_wait(&cond, &lock));
		turn++;
		CHECK_OK(pthread_cond_broadcast(&cond));
		CHECK_OK(pthread_mutex_unlock(&lock));
	}
	check_msleep(1);
	return NULL;
}

static int wait_for(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		check_fail("child: status %#x", status);
	return WEXITSTATUS(status);
}

static void grandchild(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		_exit(write(-1, "", 1) < 0 ? 41 : 1);
	CHECK_EQ(wait_for(pid), 41);
}

static void child(int n)
{
	static int id[CHILDREN];
	pthread_t t[CHILDREN];
	char c;
	int fds[2];

	/* The barrier's threads are gone, the mutex is as it was: free, since
	 * nobody takes it in the parent. */
	turn = 0;
	CHECK_EQ(pipe(fds), 0);
	for (int i = 0; i < CHILDREN; i++) {
		id[i] = i;
		t[i] = check_spawn(take_turns, &id[i]);
	}
	check_write(fds[1], "x", 1);
	check_read(fds[0], &c, 1);
	for (int i = 0; i < CHILDREN; i++)
		check_join(t[i]);
	CHECK_EQ(turn, 5 * CHILDREN);
	grandchild();
	_exit(n % 50 + 10);
}

static void *fork_one(void *arg)
{
	int n = *(int *)arg;

	for (int r = 0; r < ROUNDS; r++) {
		pid_t pid;

		pthread_barrier_wait(&barrier);
		pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			child(n);
		CHECK_EQ(wait_for(pid), n % 50 + 10);
	}
	return NULL;
}

/* Meanwhile the allocator and stdio are in use. */
static void *disturb(void *arg)
{
	char buf[32];
	FILE *f = fopen("/dev/null", "w");

	CHECK(f);
	while (!atomic_load(&stop)) {
		free(malloc(100 + (size_t)rand() % 5000));
		snprintf(buf, sizeof buf, "%d", rand());
		fputs(buf, f);
		sched_yield();
	}
	fclose(f);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], d[2];
	int id[THREADS], i;

	CHECK_OK(pthread_barrier_init(&barrier, NULL, THREADS));
	for (i = 0; i < 2; i++)
		d[i] = check_spawn(disturb, NULL);
	for (i = 0; i < THREADS; i++) {
		id[i] = i;
		t[i] = check_spawn(fork_one, &id[i]);
	}
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	atomic_store(&stop, 1);
	for (i = 0; i < 2; i++)
		check_join(d[i]);
	printf("%d children had threads\n", THREADS * ROUNDS);
	return 0;
}
