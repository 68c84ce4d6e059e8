/* SPDX-License-Identifier: BSD-2-Clause */
/* read and write on pipes: blocking, partial reads, EOF, zero length. */
#include "check.h"

#include <fcntl.h>
#include <semaphore.h>

static int fd[2];
static sem_t has_read;

static void *writes_later(void *arg)
{
	check_msleep(30);
	check_write(fd[1], "hello", 5);
	CHECK_EQ(sem_wait(&has_read), 0);
	check_msleep(30);
	check_write(fd[1], " world", 6);
	check_msleep(30);
	CHECK_EQ(close(fd[1]), 0);
	return arg;
}

int main(void)
{
	char buf[64];
	pthread_t t;

	CHECK_EQ(pipe(fd), 0);
	/* POSIX read(): "nbyte is zero ... may detect and return errors". */
	CHECK_EQ(read(fd[0], buf, 0), 0);
	CHECK_EQ(write(fd[1], buf, 0), 0);

	/* A read returns what is there; it does not wait for more. */
	CHECK_EQ(sem_init(&has_read, 0, 0), 0);
	t = check_spawn(writes_later, NULL);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 5);
	CHECK_EQ(memcmp(buf, "hello", 5), 0);
	CHECK_EQ(sem_post(&has_read), 0);
	CHECK_EQ(read(fd[0], buf, 2), 2);
	CHECK_EQ(memcmp(buf, " w", 2), 0);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 4);
	CHECK_EQ(memcmp(buf, "orld", 4), 0);

	/* "If no process has the pipe open for writing, return 0". */
	CHECK_EQ(read(fd[0], buf, sizeof buf), 0);
	CHECK_EQ(read(fd[0], buf, sizeof buf), 0);
	check_join(t);

	/* The wrong end. */
	CHECK_ERRNO(write(fd[0], "x", 1), EBADF);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(pipe2(fd, O_CLOEXEC), 0);
	CHECK_ERRNO(read(fd[1], buf, 1), EBADF);
	CHECK_EQ(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_ERRNO(read(fd[0], buf, 1), EBADF);
	CHECK_ERRNO(write(fd[1], buf, 1), EBADF);
	CHECK_ERRNO(close(fd[0]), EBADF);
	CHECK_ERRNO(read(-1, buf, 1), EBADF);
	CHECK_ERRNO(read(1000000000, buf, 1), EBADF);
	CHECK_ERRNO(close(-1), EBADF);
	puts("hello world");
	return 0;
}
