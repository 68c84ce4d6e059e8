/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that use a shared mutex for a moment, and end: no wake-up that was
 * for others ends with them.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define ROUNDS 60
#define THREADS 3
#define TURNS 30

static struct memory {
	pthread_mutex_t m;
	int inside, over;
	long count;
} *s;

static void turn(void)
{
	CHECK_OK(pthread_mutex_lock(&s->m));
	CHECK_EQ(++s->inside, 1);
	s->count++;
	sched_yield();
	CHECK_EQ(s->inside--, 1);
	CHECK_OK(pthread_mutex_unlock(&s->m));
}

static void *some_turns(void *arg)
{
	for (int i = 0; i < TURNS; i++)
		turn();
	return arg;
}

static void *turns_to_the_end(void *arg)
{
	while (!__atomic_load_n(&s->over, __ATOMIC_SEQ_CST))
		turn();
	return arg;
}

static pid_t short_life(int how)
{
	pthread_t t[THREADS];
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(some_turns, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	if (how == 0)
		_exit(0);
	if (how == 1)
		exit(0);
	execl("/bin/true", "true", NULL);
	check_fail("execl: errno %d", errno);
}

int main(void)
{
	pthread_mutexattr_t a;
	pthread_t t[THREADS];
	int status;

	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
	CHECK_OK(pthread_mutexattr_init(&a));
	CHECK_OK(pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutex_init(&s->m, &a));
	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(turns_to_the_end, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = short_life(i % 3);

		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
	__atomic_store_n(&s->over, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK(s->count >= ROUNDS * THREADS * TURNS);
	puts("all came and went");
	return 0;
}
