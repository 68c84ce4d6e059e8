/* SPDX-License-Identifier: BSD-2-Clause */
/* readv, writev and their p forms: order, bounds, bad counts. */
#include "check.h"

#include <limits.h>
#include <sys/uio.h>

static int fd[2];

static void *writes_parts(void *arg)
{
	struct iovec iov[] = {
		{ "one", 3 }, { NULL, 0 }, { "two", 3 }, { "three", 5 },
	};

	check_msleep(20);
	CHECK_EQ(writev(fd[1], iov, 4), 11);
	return arg;
}

static void check_pipe(void)
{
	static struct iovec many[IOV_MAX + 1];
	char a[4] = "", b[20] = "", c[4] = "";
	struct iovec iov[] = { { a, 4 }, { c, 0 }, { b, 20 }, { c, 4 } };
	pthread_t t = check_spawn(writes_parts, NULL);

	CHECK_EQ(readv(fd[0], iov, 4), 11);
	CHECK_EQ(memcmp(a, "onet", 4), 0);
	CHECK_EQ(memcmp(b, "wothree", 8), 0);
	check_join(t);

	CHECK_ERRNO(writev(fd[1], many, check_hidden(-1)), EINVAL);
	CHECK_ERRNO(writev(fd[1], many, IOV_MAX + 1), EINVAL);
	CHECK_ERRNO(readv(fd[0], many, IOV_MAX + 1), EINVAL);
	CHECK_EQ(writev(fd[1], many, IOV_MAX), 0);
	CHECK_EQ(writev(fd[1], many, 0), 0);
	CHECK_EQ(readv(fd[0], many, 0), 0);
	/* "The sum of the iov_len values overflowed an ssize_t." */
	iov[0].iov_len = (size_t)SSIZE_MAX + 1;
	CHECK_ERRNO(writev(fd[1], iov, 4), EINVAL);
	CHECK_ERRNO(readv(fd[0], iov, 4), EINVAL);
	CHECK_ERRNO(writev(fd[1], check_bad_pointer(), 1), EFAULT);
	CHECK_ERRNO(readv(-1, iov, 1), EBADF);
	/* A pipe has no position. */
	CHECK_ERRNO(pread(fd[0], a, 1, 0), ESPIPE);
	CHECK_ERRNO(pwrite(fd[1], a, 1, 0), ESPIPE);
	CHECK_ERRNO(preadv(fd[0], iov, 1, 0), ESPIPE);
}

static void check_file(void)
{
	FILE *f = tmpfile();
	int file = fileno(f);
	char a[3] = "", b[10] = "";
	struct iovec out[] = { { "abc", 3 }, { "defg", 4 } };
	struct iovec in[] = { { a, 2 }, { b, 10 } };

	CHECK_EQ(pwritev(file, out, 2, 5), 7);
	CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
	CHECK_EQ(preadv(file, in, 2, 5), 7);
	CHECK_EQ(memcmp(a, "ab", 2), 0);
	CHECK_EQ(memcmp(b, "cdefg", 5), 0);
	CHECK_EQ(preadv2(file, in, 1, 6, 0), 2);
	CHECK_EQ(memcmp(a, "bc", 2), 0);
	/* -1 means "at the file position", and moves it. */
	CHECK_EQ(pwritev2(file, out, 1, -1, 0), 3);
	CHECK_EQ(lseek(file, 0, SEEK_CUR), 3);
	CHECK_ERRNO(preadv(file, in, 1, -2), EINVAL);
	CHECK_ERRNO(pread(file, a, 1, -1), EINVAL);
	CHECK_EQ(fclose(f), 0);
}

int main(void)
{
	CHECK_EQ(pipe(fd), 0);
	check_pipe();
	check_file();
	puts("vectors in order");
	return 0;
}
