/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads on one FILE: each character once, each fprintf whole. */
#include "check.h"

#define THREADS 16
#define LINES 200
#define BYTES 100000

static FILE *file;
static int count[256];

static void *prints(void *arg)
{
	long me = (long)arg;

	for (int i = 0; i < LINES; i++)
		CHECK(fprintf(file, "<%02ld:%04d:%s>\n", me, i, "text") > 0);
	return NULL;
}

static void *puts_chars(void *arg)
{
	for (int i = 0; i < BYTES / THREADS; i++)
		CHECK_EQ(putc((int)(long)arg, file), (long)arg);
	return NULL;
}

static void *gets_chars(void *arg)
{
	int c;

	while ((c = getc(file)) != EOF)
		__atomic_fetch_add(&count[c], 1, __ATOMIC_RELAXED);
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

static void check_lines(void)
{
	int next[THREADS] = { 0 };
	long who;
	int line, end;

	rewind(file);
	for (int i = 0; i < THREADS * LINES; i++) {
		CHECK_EQ(fscanf(file, "<%ld:%d:text>%n\n", &who, &line, &end),
			 2);
		CHECK(who >= 0 && who < THREADS);
		CHECK_EQ(end, 14);
		/* Lines of one thread come in its order. */
		CHECK_EQ(line, next[who]++);
	}
}

int main(void)
{
	file = tmpfile();
	CHECK(file != NULL);
	run(prints);
	check_lines();
	CHECK_EQ(fclose(file), 0);

	file = tmpfile();
	CHECK(file != NULL);
	run(puts_chars);
	rewind(file);
	run(gets_chars);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(count[i], BYTES / THREADS);
	CHECK_EQ(fclose(file), 0);
	puts("no character lost");
	return 0;
}
