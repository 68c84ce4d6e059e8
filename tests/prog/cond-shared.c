/* SPDX-License-Identifier: BSD-2-Clause */
/* Process-shared mutex and condition variable between two processes. */
#include "check.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define TURNS 2000

struct shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	int turn;
};

static struct shared *s;

static void *plays(void *arg)
{
	int me = (int)(long)arg;

	CHECK_OK(pthread_mutex_lock(&s->m));
	while (s->turn < TURNS) {
		if (s->turn % 2 == me) {
			s->turn++;
			CHECK_OK(pthread_cond_broadcast(&s->c));
		} else {
			CHECK_OK(pthread_cond_wait(&s->c, &s->m));
		}
	}
	CHECK_OK(pthread_mutex_unlock(&s->m));
	return NULL;
}

static void init(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	CHECK_OK(pthread_mutexattr_init(&ma));
	CHECK_OK(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_mutex_init(&s->m, &ma));
	CHECK_OK(pthread_mutexattr_destroy(&ma));
	CHECK_OK(pthread_condattr_init(&ca));
	CHECK_OK(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED));
	CHECK_OK(pthread_cond_init(&s->c, &ca));
	CHECK_OK(pthread_condattr_destroy(&ca));
}

int main(void)
{
	pid_t pid;
	int status;

	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
	init();
	pid = fork();
	CHECK(pid >= 0);
	/* Both play in a thread of their own. */
	check_join(check_spawn(plays, (void *)(long)(pid == 0)));
	if (pid == 0)
		_exit(0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(s->turn, TURNS);
	printf("%d turns\n", s->turn);
	return 0;
}
