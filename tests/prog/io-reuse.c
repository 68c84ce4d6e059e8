/* SPDX-License-Identifier: BSD-2-Clause */
/* Close and reopen the same numbers 10,000 times, with traffic on each. */
#include "io-net.h"

#define THREADS 8
#define ROUNDS 1250

enum { PIPE, STREAM, DGRAM, TCP, KINDS };

static void open_pair(int kind, int fd[2])
{
	if (kind == PIPE)
		CHECK_EQ(pipe(fd), 0);
	else if (kind == TCP)
		net_pair(fd);
	else
		CHECK_EQ(socketpair(AF_UNIX, kind == STREAM ? SOCK_STREAM :
				    SOCK_DGRAM, 0, fd), 0);
}

struct job {
	int fd, want;
	pthread_barrier_t b;
	int done;
};

/* Reads what main's side of the job sends, blocking most of the time. */
static void *reads(void *arg)
{
	struct job *j = arg;

	for (;;) {
		int seen = -1;

		pthread_barrier_wait(&j->b);
		if (j->done)
			return NULL;
		CHECK_EQ(read(j->fd, &seen, sizeof seen), sizeof seen);
		CHECK_EQ(seen, j->want);
		pthread_barrier_wait(&j->b);
	}
}

static void *run(void *arg)
{
	struct job j = { .done = 0 };
	pthread_t reader;

	CHECK_OK(pthread_barrier_init(&j.b, NULL, 2));
	reader = check_spawn(reads, &j);
	for (int i = 0; i < ROUNDS; i++) {
		int kind = ((int)(long)arg + i) % KINDS, fd[2];

		/* A few of TCP only: each leaves a TIME_WAIT behind. */
		if (kind == TCP && i % 50 != 0)
			kind = STREAM;
		open_pair(kind, fd);
		j.fd = fd[0];
		j.want = i * THREADS + (int)(long)arg;
		pthread_barrier_wait(&j.b);
		if (i % 4 == 0)
			sched_yield();
		CHECK_EQ(write(fd[1], &j.want, sizeof j.want),
			 sizeof j.want);
		pthread_barrier_wait(&j.b);
		CHECK_EQ(close(fd[i % 2]), 0);
		CHECK_EQ(close(fd[!(i % 2)]), 0);
	}
	j.done = 1;
	pthread_barrier_wait(&j.b);
	check_join(reader);
	CHECK_OK(pthread_barrier_destroy(&j.b));
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(run, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	printf("%d descriptors reused\n", THREADS * ROUNDS);
	return 0;
}
