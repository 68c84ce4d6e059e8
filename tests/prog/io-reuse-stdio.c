/* SPDX-License-Identifier: BSD-2-Clause */
/* A socket closed by fclose; then its number, used for something else. */
#include "io-net.h"

#include <sys/mman.h>

#define THREADS 8
#define ROUNDS 100

/* fclose calls close inside libc: it must not go unnoticed. */
static void round_trip(int i)
{
	char line[64], want[64];
	int fd[2], file, p[2];
	FILE *f;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK_EQ(recv(fd[0], line, 1, 0), 1);
	CHECK_ERRNO(recv(fd[0], line, 1, MSG_DONTWAIT), EAGAIN);
	f = fdopen(fd[0], "r+");
	CHECK(f != NULL);
	CHECK_EQ(dprintf(fd[1], "line %d\n", i) > 0, 1);
	CHECK(fgets(line, sizeof line, f) != NULL);
	snprintf(want, sizeof want, "line %d\n", i);
	CHECK_EQ(strcmp(line, want), 0);
	CHECK(fprintf(f, "answer %d\n", i) > 0);
	CHECK_EQ(fflush(f), 0);
	CHECK(recv(fd[1], line, sizeof line, 0) > 0);
	CHECK_EQ(fclose(f), 0);
	CHECK_ERRNO(recv(fd[0], line, 1, MSG_DONTWAIT), EBADF);
	CHECK_EQ(recv(fd[1], line, 1, 0), 0);

	/* The same number is a pipe now: it blocks and wakes as one. */
	CHECK_EQ(pipe(p), 0);
	check_write(p[1], "pipe", 4);
	check_read(p[0], line, 4);
	CHECK_ERRNO(recv(p[0], line, 1, 0), ENOTSOCK);
	CHECK_EQ(close(p[0]), 0);

	/* And a regular file, which never blocks. */
	file = memfd_create("reuse", 0);
	CHECK(file >= 0);
	CHECK_EQ(read(file, line, 1), 0);
	CHECK_EQ(close(file), 0);
	CHECK_EQ(close(p[1]), 0);
	CHECK_EQ(close(fd[1]), 0);
}

/* Threads run one at a time here, so that the numbers are theirs. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *run(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_OK(pthread_mutex_lock(&turn));
		round_trip(i);
		CHECK_OK(pthread_mutex_unlock(&turn));
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		t[i] = check_spawn(run, NULL);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
	printf("%d round trips\n", THREADS * ROUNDS);
	return 0;
}
