/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files: the shared position, O_APPEND, pread and pwrite. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>

#define THREADS 16
#define RECORDS 500
#define SIZE 64

static int fd;

static void fill(char *buf, int who, int i)
{
	memset(buf, 'a' + who, SIZE);
	memcpy(buf, &who, sizeof who);
	memcpy(buf + sizeof who, &i, sizeof i);
}

/* POSIX 2.9.7: writes to a regular file are atomic, position included. */
static void *writes(void *arg)
{
	char buf[SIZE];

	for (int i = 0; i < RECORDS; i++) {
		fill(buf, (int)(long)arg, i);
		CHECK_EQ(write(fd, buf, SIZE), SIZE);
	}
	return NULL;
}

static void *pwrites(void *arg)
{
	char buf[SIZE], back[SIZE];
	int who = (int)(long)arg;

	for (int i = 0; i < RECORDS; i++) {
		off_t at = ((off_t)i * THREADS + who) * SIZE;

		fill(buf, who, i);
		CHECK_EQ(pwrite(fd, buf, SIZE, at), SIZE);
		CHECK_EQ(pread(fd, back, SIZE, at), SIZE);
		CHECK_EQ(memcmp(back, buf, SIZE), 0);
	}
	return NULL;
}

static int reads_done[THREADS];

static void *reads(void *arg)
{
	char buf[SIZE], want[SIZE];
	ssize_t n;
	int who, i;

	while ((n = read(fd, buf, SIZE)) > 0) {
		CHECK_EQ(n, SIZE);
		memcpy(&who, buf, sizeof who);
		memcpy(&i, buf + sizeof who, sizeof i);
		CHECK(who >= 0 && who < THREADS && i >= 0 && i < RECORDS);
		fill(want, who, i);
		CHECK_EQ(memcmp(buf, want, SIZE), 0);
		__atomic_fetch_add(&reads_done[who], 1, __ATOMIC_SEQ_CST);
	}
	CHECK_EQ(n, 0);
	return arg;
}

static void run(void *(*fn)(void *))
{
	pthread_t t[THREADS];

	for (long i = 0; i < THREADS; i++)
		t[i] = check_spawn(fn, (void *)i);
	for (int i = 0; i < THREADS; i++)
		check_join(t[i]);
}

static void check_content(void)
{
	CHECK_EQ(lseek(fd, 0, SEEK_END), THREADS * RECORDS * SIZE);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	memset(reads_done, 0, sizeof reads_done);
	run(reads);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(reads_done[i], RECORDS);
	CHECK_EQ(ftruncate(fd, 0), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
}

int main(void)
{
	FILE *f = tmpfile();

	CHECK(f != NULL);
	fd = fileno(f);
	run(writes);
	check_content();
	run(pwrites);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	check_content();
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK(fcntl(fd, F_GETFL) & O_APPEND);
	run(writes);
	check_content();
	CHECK_EQ(fclose(f), 0);
	printf("%d records\n", THREADS * RECORDS);
	return 0;
}
