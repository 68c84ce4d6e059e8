/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes of up to PIPE_BUF bytes by many threads are never interleaved. */
#include "check.h"

#include <limits.h>

#define WRITERS 16
#define RECORDS 200

static int fd[2];

static size_t size_of(int who, int i)
{
	return (size_t)(8 + (who * 131 + i * 977) % (PIPE_BUF - 8));
}

/* A record is: its size, who, number, then the writer's letter. */
static void *writes(void *arg)
{
	int who = (int)(long)arg;
	char buf[PIPE_BUF];

	for (int i = 0; i < RECORDS; i++) {
		size_t size = size_of(who, i);
		short head[3] = { (short)size, (short)who, (short)i };

		memset(buf, 'a' + who, size);
		memcpy(buf, head, sizeof head);
		CHECK_EQ(write(fd[1], buf, size), size);
	}
	return NULL;
}

int main(void)
{
	int next[WRITERS] = { 0 };
	pthread_t t[WRITERS];
	char buf[PIPE_BUF];
	short head[3];

	CHECK_EQ(pipe(fd), 0);
	for (long i = 0; i < WRITERS; i++)
		t[i] = check_spawn(writes, (void *)i);
	for (int i = 0; i < WRITERS * RECORDS; i++) {
		check_read(fd[0], head, sizeof head);
		CHECK(head[1] >= 0 && head[1] < WRITERS);
		CHECK_EQ(head[2], next[head[1]]++);
		CHECK_EQ(head[0], size_of(head[1], head[2]));
		check_read(fd[0], buf, (size_t)head[0] - sizeof head);
		for (size_t j = 0; j < (size_t)head[0] - sizeof head; j++)
			CHECK_EQ(buf[j], 'a' + head[1]);
	}
	for (int i = 0; i < WRITERS; i++)
		check_join(t[i]);
	printf("%d records\n", WRITERS * RECORDS);
	return 0;
}
