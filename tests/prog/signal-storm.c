/* SPDX-License-Identifier: BSD-2-Clause */
/* 2,000 real-time signals to threads that sleep, read or spin: all handled. */
#include "check.h"

#include <stdatomic.h>

#define THREADS 20
#define EACH 100

static atomic_int handled, started, stop;
static __thread volatile sig_atomic_t mine;
static int pipefd[2];

static void handler(int sig)
{
	(void)sig;
	mine++;
	atomic_fetch_add(&handled, 1);
}

static void sleep_a_while(void)
{
	struct timespec ts = { 0, 5 * CHECK_MS };

	if (nanosleep(&ts, NULL) != 0 && errno != EINTR)
		check_fail("nanosleep: errno %d", errno);
}

static void read_a_byte(void)
{
	char c;

	if (read(pipefd[0], &c, 1) != 1 && errno != EINTR)
		check_fail("read: errno %d", errno);
}

static void spin(void)
{
	volatile int i;

	for (i = 0; i < 10000; i++)
		;
}

static void *work(void *arg)
{
	static void (*const ways[])(void) = {
		sleep_a_while, read_a_byte, spin,
	};
	void (*way)(void) = ways[*(int *)arg % 3];

	atomic_fetch_add(&started, 1);
	while (!atomic_load(&stop))
		way();
	CHECK_EQ(mine, EACH);
	return NULL;
}

int main(void)
{
	struct sigaction act = { .sa_handler = handler };
	pthread_t t[THREADS];
	int id[THREADS], i, n;

	CHECK_EQ(pipe(pipefd), 0);
	CHECK_EQ(sigaction(SIGRTMIN, &act, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		id[i] = i;
		t[i] = check_spawn(work, &id[i]);
	}
	while (atomic_load(&started) < THREADS)
		check_msleep(1);
	for (n = 0; n < EACH; n++) {
		for (i = 0; i < THREADS; i++)
			CHECK_OK(pthread_kill(t[i], SIGRTMIN));
		while (atomic_load(&handled) < THREADS * (n + 1))
			check_msleep(1);
	}
	while (atomic_load(&handled) < THREADS * EACH)
		check_msleep(1);
	atomic_store(&stop, 1);
	for (i = 0; i < THREADS; i++)
		check_write(pipefd[1], "x", 1);
	for (i = 0; i < THREADS; i++)
		check_join(t[i]);
	CHECK_EQ(atomic_load(&handled), THREADS * EACH);
	printf("%d signals handled\n", THREADS * EACH);
	return 0;
}
